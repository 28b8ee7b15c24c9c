import { getLoadablePath } from "sqlite-vec";

/**
 * Where the sqlite-vec library is. This is the answer when the program runs from source; the build
 * puts the library into the binary and replaces this module by one that names the embedded file.
 */
export const sqliteVecPath: string = getLoadablePath();
