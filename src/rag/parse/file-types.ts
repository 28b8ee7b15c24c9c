/** A family of formats that one reader takes. */
export type Format =
  | "text"
  | "markdown"
  | "html"
  | "delimited"
  | "json"
  | "xml"
  | "code"
  | "notebook"
  | "mail"
  | "office"
  | "docx"
  | "xlsx"
  | "ods"
  | "rtf"
  | "pdf";

/** What to read a file as. */
export interface FileType {
  readonly format: Format;
  /** A lower-case extension, the one that `ParsedDocument.fileType` shows. */
  readonly extension: string;
}

/** Extensions of each format; the first of a group that stands for the same thing is shown. */
const extensions: Readonly<Record<Exclude<Format, "code">, readonly (readonly string[])[]>> = {
  text: [["txt", "text"], ["log"], ["srt"], ["vtt"], ["tex"], ["rst"], ["adoc"], ["org"]],
  markdown: [["md", "markdown", "mkd", "mdx"]],
  html: [["html", "htm", "xhtml", "xht"]],
  delimited: [["csv"], ["tsv", "tab"]],
  json: [
    ["json", "geojson", "jsonld"],
    ["jsonl", "ndjson"],
  ],
  xml: [["xml", "rss", "atom", "xsd", "xsl", "xslt", "wsdl", "opml"]],
  notebook: [["ipynb"]],
  mail: [["eml"]],
  office: [
    ["pptx", "pptm", "ppsx", "ppsm", "potx", "potm"],
    ["odt", "ott"],
    ["odp", "otp"],
    ["epub"],
  ],
  docx: [["docx", "docm", "dotx", "dotm"]],
  xlsx: [["xlsx", "xlsm", "xltx", "xltm"]],
  ods: [["ods", "ots"]],
  rtf: [["rtf"]],
  pdf: [["pdf"]],
};

const codeExtensions =
  `ada asm astro awk bash bat bib bzl c cc cfg cfm cjs clj cljs cmake cmd cob conf coffee cpp cr cs
  csproj css csx cts cu cxx d dart dart diff dockerfile editorconfig edn el elm env erb erl ex exs f
  f90 fish fs fsi fsx gd gitignore glsl go gql gradle graphql groovy h haml hcl hh hlsl hpp hrl hs
  hxx idl ini ino ipp java jl js json5 jsonc jsx kt kts less lhs lisp lock lua m mak make mjs mk ml
  mli mm mod mts nim nix njk nu pas patch php pl plist pm po pp prisma prolog properties proto ps1
  psm1 pug purs py pyi pyx qml r rake rb re rego rkt rs s sass sbt scala scm scss service sh sol sql
  sty sv svelte swift tcl tf tfvars thrift toml ts tsx twig v vala vb vbs vert vhd vhdl vim vue wat
  wgsl yaml yml zig zsh`.split(/\s+/);

const byExtension = new Map<string, FileType>();
for (const extension of codeExtensions) byExtension.set(extension, { format: "code", extension });
for (const [format, groups] of Object.entries(extensions)) {
  for (const group of groups) {
    const [shown = ""] = group;
    for (const extension of group) {
      // `Object.entries` forgets the type of the keys.
      byExtension.set(extension, { format: format as Format, extension: shown });
    }
  }
}

const codeNames =
  /^(makefile|gnumakefile|dockerfile|containerfile|jenkinsfile|rakefile|gemfile|procfile|vagrantfile|cmakelists)$/;

/**
 * What a file's name claims that it is: the lower-case extension, the whole name of files such as
 * `Makefile`, or an empty string. At most 32 characters: it becomes an argument of a process.
 */
export function claimedExtension(name: string): string {
  const base = name.slice(Math.max(name.lastIndexOf("/"), name.lastIndexOf("\\")) + 1);
  const stem = base.trim().toLowerCase();
  if (codeNames.test(stem)) return "make";
  const dot = stem.lastIndexOf(".");
  return dot < 0 ? "" : stem.slice(dot + 1).slice(0, 32);
}

/** The type that an extension stands for; no extension stands for plain text. */
export function typeOfExtension(extension: string): FileType | undefined {
  return byExtension.get(extension === "" ? "txt" : extension);
}

/** Formats whose files are not text: their content must show what they are. */
export function isBinaryFormat(format: Format): boolean {
  return ["office", "docx", "xlsx", "ods", "pdf"].includes(format);
}
