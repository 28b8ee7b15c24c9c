/** Bytes below which the next message may not find room. */
const leastRoom = 1024 * 1024;

/** What `statfs` tells of a file system: blocks, those open to this user, and bytes of one. */
interface FileSystem {
  readonly blocks: number;
  readonly bavail: number;
  readonly bsize: number;
}

/** Whether a file system has no room left; one that does not know its own size counts as having it. */
export const isFull = ({ blocks, bavail, bsize }: FileSystem): boolean =>
  blocks > 0 && bavail * bsize < leastRoom;
