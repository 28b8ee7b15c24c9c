declare module "gpt-tokenizer/data/*" {
  /** The path of the file. */
  const path: string;
  export default path;
}
