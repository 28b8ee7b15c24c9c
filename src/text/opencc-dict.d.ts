declare module "opencc-js/dict/*" {
  /** Pairs of what is written and what it becomes: `"萬 万|與 与|…"`. */
  const pairs: string;
  export default pairs;
}
