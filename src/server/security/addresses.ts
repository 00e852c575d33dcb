/** @file A list of addresses and networks that an option names. */
import { BlockList, isIP } from 'node:net';
import { Failure } from '../../ground/failure.js';

/** Tells whether an address, as a socket gives it, is on the list. */
export type AddressList = (address: string) => boolean;

/**
 * Reads a list.
 *
 * @param entries Addresses, or networks such as `10.0.0.0/24`.
 * @param option Its name, for the error.
 * @throws {Failure} When an entry is neither.
 * @example addressList(['10.0.0.0/24'], '--trusted-proxy')('::ffff:10.0.0.7') // true
 */
export const addressList = (entries: readonly string[], option: string): AddressList => {
  const list = new BlockList();
  for (const entry of entries) {
    const [address, bits] = entry.split('/');
    const family = isIP(address);
    const size = family === 4 ? 32 : 128;
    const prefix = bits === undefined ? size : Number(bits);
    if (family === 0 || bits === '' || !Number.isInteger(prefix) || prefix < 0 || prefix > size) {
      throw new Failure({ what: 'no address', where: option, got: entry, fix: 'e.g. 10.0.0.5 or 10.0.0.0/24' });
    }
    list.addSubnet(address, prefix, family === 4 ? 'ipv4' : 'ipv6');
  }
  return (address) => {
    // An IPv4 sender on a socket that takes both.
    const plain = address.replace(/^::ffff:(?=\d+\.)/, '');
    return list.check(plain, isIP(plain) === 6 ? 'ipv6' : 'ipv4');
  };
};
