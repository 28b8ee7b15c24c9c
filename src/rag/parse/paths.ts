/** The path within an archive of a reference in the file at `base`, without a fragment. */
export function resolvePath(base: string, reference: string): string {
  let path = reference.split("#", 1)[0] ?? "";
  try {
    path = decodeURIComponent(path);
  } catch {
    // A stray percent sign is a part of the name.
  }
  const parts = path.startsWith("/") ? [] : base.split("/").slice(0, -1);
  for (const part of path.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  }
  return parts.join("/");
}
