/**
 * @file Python's pickle, as far as PyTorch's weight files use it: a small stack machine that builds dictionaries,
 * lists, texts and numbers, and calls only the constructors it is handed. A pickle is a program; one that names
 * anything else (`os.system`, …) is refused, and nothing of it is ever run.
 *
 * Source: CPython's `Lib/pickletools.py` (protocols 2 to 5); PyTorch's `torch/_weights_only_unpickler.py`.
 */

/** Thrown for what this machine does not build. */
export class PickleError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'PickleError';
  }
}

/** What a pickle may name, by `module.name`: a constructor, or a plain value such as a type. */
export type AllowedNames = ReadonlyMap<string, Constructor | { readonly value: unknown }>;

/** Builds a value from a call's arguments. */
export type Constructor = (...parameters: unknown[]) => unknown;

/** A name found in the pickle and allowed. */
class Named {
  readonly name: string;
  readonly target: Constructor | { readonly value: unknown };

  constructor(name: string, target: Constructor | { readonly value: unknown }) {
    this.name = name;
    this.target = target;
  }
}

/** What stands for a plain named value in arguments. */
const unwrapped = (value: unknown): unknown => {
  if (!(value instanceof Named)) return value;
  return typeof value.target === 'function' ? value : value.target.value;
};

/** Steps after which a pickle is no list of weights any more. */
const mostSteps = 10_000_000;

/**
 * Reads a pickle.
 *
 * @param bytes The pickle.
 * @param allowed The names it may use.
 * @param persistent Builds what the pickle holds by a persistent id (PyTorch: a storage).
 * @returns Dictionaries as Maps, lists and tuples as arrays, whole numbers as numbers (or bigint beyond 2^53).
 * @throws {PickleError} For a name that is not allowed, an opcode PyTorch does not write, or damage.
 */
export const unpickle = (bytes: Uint8Array, allowed: AllowedNames, persistent: (id: unknown) => unknown): unknown => {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const mark = Symbol('mark');
  const stack: unknown[] = [];
  const memo = new Map<number, unknown>();
  let at = 0;

  const take = (count: number): Buffer => {
    if (count < 0 || at + count > view.length) throw new PickleError('it ends too early');
    at += count;
    return view.subarray(at - count, at);
  };
  const line = (): string => {
    const end = view.indexOf(10, at);
    if (end < 0) throw new PickleError('it ends too early');
    const text = view.toString('utf8', at, end);
    at = end + 1;
    return text;
  };
  const pop = (): unknown => {
    if (stack.length === 0) throw new PickleError('it takes from an empty stack');
    return stack.pop();
  };
  const top = (): unknown => {
    if (stack.length === 0) throw new PickleError('it looks at an empty stack');
    return stack[stack.length - 1];
  };
  const toMark = (): unknown[] => {
    const start = stack.lastIndexOf(mark);
    if (start < 0) throw new PickleError('it has no mark');
    const items = stack.splice(start);
    return items.slice(1).map(unwrapped);
  };
  const find = (module: string, name: string): Named => {
    const full = `${module}.${name}`;
    const target = allowed.get(full);
    if (target === undefined) throw new PickleError(`it names ${full.slice(0, 80)}, which is no tensor`);
    return new Named(full, target);
  };
  const call = (): void => {
    const parameters = unwrapped(pop());
    const callee = pop();
    if (!(callee instanceof Named) || typeof callee.target !== 'function') throw new PickleError('it calls a value');
    if (!Array.isArray(parameters)) throw new PickleError('a call without a tuple');
    stack.push(callee.target(...parameters));
  };
  const setAll = (items: readonly unknown[]): void => {
    const target = top();
    if (!(target instanceof Map)) throw new PickleError('it fills something that is no dictionary');
    if (items.length % 2 === 1) throw new PickleError('a key without a value');
    for (let i = 0; i < items.length; i += 2) target.set(items[i], items[i + 1]);
  };
  const append = (items: readonly unknown[]): void => {
    const target = top();
    if (!Array.isArray(target)) throw new PickleError('it extends something that is no list');
    for (const item of items) target.push(item);
  };
  const recall = (index: number): void => {
    if (!memo.has(index)) throw new PickleError('it recalls what it never kept');
    stack.push(memo.get(index));
  };
  const long = (size: number): number | bigint => {
    const digits = take(size);
    let value = 0n;
    for (let i = size - 1; i >= 0; i--) value = (value << 8n) | BigInt(digits[i]!);
    if (size > 0 && digits[size - 1]! & 0x80) value -= 1n << BigInt(8 * size);
    const small = Number(value);
    return Number.isSafeInteger(small) ? small : value;
  };
  const size64 = (): number => {
    const size = take(8).readBigUInt64LE();
    if (size > BigInt(view.length)) throw new PickleError('it ends too early');
    return Number(size);
  };

  const opcodes: Readonly<Record<number, () => void>> = {
    128: () => {
      const protocol = take(1)[0]!;
      if (protocol < 2 || protocol > 5) throw new PickleError(`protocol ${protocol}`);
    },
    149: () => void take(8), // FRAME: its length, for readers that prefetch
    40: () => void stack.push(mark), // MARK
    48: () => void pop(), // POP
    78: () => void stack.push(null), // NONE
    136: () => void stack.push(true), // NEWTRUE
    137: () => void stack.push(false), // NEWFALSE
    74: () => void stack.push(take(4).readInt32LE()), // BININT
    75: () => void stack.push(take(1)[0]), // BININT1
    77: () => void stack.push(take(2).readUInt16LE()), // BININT2
    138: () => void stack.push(long(take(1)[0]!)), // LONG1
    71: () => void stack.push(take(8).readDoubleBE()), // BINFLOAT
    88: () => void stack.push(take(take(4).readUInt32LE()).toString('utf8')), // BINUNICODE
    140: () => void stack.push(take(take(1)[0]!).toString('utf8')), // SHORT_BINUNICODE
    141: () => void stack.push(take(size64()).toString('utf8')), // BINUNICODE8
    67: () => void stack.push(take(take(1)[0]!)), // SHORT_BINBYTES
    66: () => void stack.push(take(take(4).readUInt32LE())), // BINBYTES
    125: () => void stack.push(new Map()), // EMPTY_DICT
    93: () => void stack.push([]), // EMPTY_LIST
    41: () => void stack.push([]), // EMPTY_TUPLE
    143: () => void stack.push([]), // EMPTY_SET
    144: () => append(toMark()), // ADDITEMS
    116: () => void stack.push(toMark()), // TUPLE
    133: () => void stack.push([unwrapped(pop())]), // TUPLE1
    134: () => {
      const second = unwrapped(pop());
      stack.push([unwrapped(pop()), second]);
    }, // TUPLE2
    135: () => {
      const [third, second] = [unwrapped(pop()), unwrapped(pop())];
      stack.push([unwrapped(pop()), second, third]);
    }, // TUPLE3
    115: () => {
      const value = unwrapped(pop());
      setAll([unwrapped(pop()), value]);
    }, // SETITEM
    117: () => setAll(toMark()), // SETITEMS
    97: () => append([unwrapped(pop())]), // APPEND
    101: () => append(toMark()), // APPENDS
    113: () => void memo.set(take(1)[0]!, top()), // BINPUT
    114: () => void memo.set(take(4).readUInt32LE(), top()), // LONG_BINPUT
    148: () => void memo.set(memo.size, top()), // MEMOIZE
    104: () => recall(take(1)[0]!), // BINGET
    106: () => recall(take(4).readUInt32LE()), // LONG_BINGET
    99: () => {
      const module = line();
      stack.push(find(module, line()));
    }, // GLOBAL
    147: () => {
      const name = pop();
      const module = pop();
      if (typeof module !== 'string' || typeof name !== 'string') throw new PickleError('a name that is no text');
      stack.push(find(module, name));
    }, // STACK_GLOBAL
    82: call, // REDUCE
    129: call, // NEWOBJ
    98: () => {
      // BUILD: PyTorch hangs `_metadata` on its dictionary; attributes of other things are none of ours.
      pop();
      if (!(top() instanceof Map)) throw new PickleError('it sets attributes of something that is no dictionary');
    },
    81: () => void stack.push(persistent(unwrapped(pop()))), // BINPERSID
  };

  for (let step = 0; step < mostSteps; step++) {
    const opcode = take(1)[0]!;
    if (opcode === 0x2e) return unwrapped(pop()); // STOP
    const run = opcodes[opcode];
    if (run === undefined) throw new PickleError(`opcode 0x${opcode.toString(16)} at byte ${at - 1}`);
    run();
  }
  throw new PickleError('it does not end');
};
