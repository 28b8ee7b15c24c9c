/** A file that is imported `with { type: "file" }` is its path. */
declare module "*.br" {
  const path: string;
  export default path;
}
