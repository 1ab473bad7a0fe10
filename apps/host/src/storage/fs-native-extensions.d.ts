// The package comes without types; this is the part of it that is used here.
declare module "fs-native-extensions" {
  /**
   * Takes an exclusive lock, or a shared one, on a whole open file (Linux: `F_OFD_SETLK`); false when another open file has it. The
   * kernel gives it back when the descriptor closes, so at the latest with the process.
   */
  export function tryLock(fd: number, options?: { readonly shared: boolean }): boolean;
}
