/**
 * @file Serving without root's rights. SageMaker starts a container as the user of its image, and one image trains and
 * serves: training writes into folders of root's, serving only reads. So the image starts as root, and the server
 * becomes somebody else before it reads the model or takes a request.
 */
import { Failure } from '../../ground/failure.js';

/** The parts of `process` that this needs. */
export type Identity = Pick<NodeJS.Process, 'getuid' | 'setgroups' | 'setgid' | 'setuid'>;

/**
 * Becomes a user, if this is root.
 *
 * @param user Name of a user and of a group; undefined: stay who you are.
 * @param identity Default: this process.
 * @throws {Failure} When there is no such user.
 */
export const leaveRoot = (user: string | undefined, identity: Identity = process): void => {
  if (user === undefined || identity.getuid?.() !== 0) return;
  try {
    identity.setgroups!([user]);
    identity.setgid!(user);
    identity.setuid!(user);
  } catch (error) {
    throw new Failure(
      {
        what: 'cannot serve as this user',
        where: 'IMPRESSIONIST_SERVE_AS',
        got: `'${user}'`,
        fix: 'name a user of the image, or set it empty to serve as root',
      },
      { cause: error },
    );
  }
};
