import { maxNesting, tooComplex } from "../budget.ts";
import type { BytesReader } from "../reader.ts";
import { RtfText } from "./rtf-text.ts";
import { type RtfHandler, readRtfTokens } from "./rtf-tokens.ts";

/** Where the text of a group goes. */
type Destination = "body" | "nowhere" | "fonts" | "styles" | "info" | "title";

interface Group {
  destination: Destination;
  /** Whether the group's first control was `\*`: who does not know the next one skips the group. */
  ignorable: boolean;
  /** Characters that stand in for each `\u` in programs that know no Unicode. */
  substitutes: number;
  encoding: string;
  hidden: boolean;
  /** Set in a footnote or comment: its text goes after the paragraph that it belongs to. */
  isNote: boolean;
  /** Set in `\upr`, which holds a text twice: for old programs, then in Unicode. */
  isTwofold: boolean;
}

const encodings: Readonly<Record<number, string>> = {
  437: "windows-1252",
  850: "windows-1252",
  874: "windows-874",
  932: "shift_jis",
  936: "gb18030",
  949: "euc-kr",
  950: "big5",
  10000: "macintosh",
  65001: "utf-8",
};
/** The code page of each `\fcharset` (2.3 Font table). */
const charsets: Readonly<Record<number, number>> = {
  77: 10000,
  128: 932,
  129: 949,
  134: 936,
  136: 950,
  161: 1253,
  162: 1254,
  163: 1258,
  177: 1255,
  178: 1256,
  186: 1257,
  204: 1251,
  222: 874,
  238: 1250,
};

function encodingOf(codePage: number): string {
  const known = encodings[codePage];
  if (known) return known;
  return codePage >= 1250 && codePage <= 1258 ? `windows-${codePage}` : "windows-1252";
}

const skipped = new Set(
  `colortbl pict nonshppict shprslt sp themedata colorschememapping latentstyles datastore listtable
  listoverridetable rsidtbl generator xmlnstbl fldinst pgdsctbl listtext pntext filetbl revtbl objdata
  atnid atnauthor atntime atnicn atnref atnparent header headerl headerr headerf footer footerl footerr
  footerf ftnsep ftnsepc aftnsep aftnsepc tc xe bkmkstart bkmkend falt panose private template rxe
  operator author company doccomm keywords subject category manager comment hlinkbase`.split(/\s+/),
);
/** Groups that begin with `\*` and are read all the same. */
const knownIgnorable = new Set(["shpinst", "annotation", "shptxt", "footnote", "ud"]);

const characters: Readonly<Record<string, string>> = {
  emdash: "—",
  endash: "–",
  bullet: "•",
  lquote: "‘",
  rquote: "’",
  ldblquote: "“",
  rdblquote: "”",
  emspace: " ",
  enspace: " ",
  tab: "\t",
  line: "\n",
  "~": " ",
  _: "-",
};

class RtfReader implements RtfHandler {
  title: string | undefined;
  private readonly groups: Group[] = [];
  private group: Group = {
    destination: "body",
    ignorable: false,
    substitutes: 1,
    encoding: "windows-1252",
    hidden: false,
    isNote: false,
    isTwofold: false,
  };
  private bytes: number[] = [];
  /** Characters still to pass over after a `\u`. */
  private passOver = 0;
  private readonly fonts = new Map<number, string>();
  private fontNumber = 0;
  private defaultEncoding = "windows-1252";

  constructor(private readonly text: RtfText) {}

  open(): void {
    this.flush();
    if (this.groups.length >= maxNesting) throw tooComplex("nesting", maxNesting);
    this.groups.push(this.group);
    const { isTwofold, destination } = this.group;
    this.group = {
      ...this.group,
      ignorable: false,
      isTwofold: false,
      destination: isTwofold ? "nowhere" : destination,
    };
    this.passOver = 0;
  }

  close(): void {
    this.flush();
    const ended = this.group;
    const outer = this.groups.pop();
    if (!outer) return;
    this.group = outer;
    this.passOver = 0;
    if (ended.isNote && !outer.isNote) this.text.endNote();
    if (ended.destination === "styles" && outer.destination === "styles") this.text.endStyle();
  }

  byte(value: number): void {
    if (this.passOver > 0) {
      this.passOver -= 1;
      return;
    }
    if (this.group.destination === "nowhere" || this.group.hidden) return;
    this.bytes.push(value);
    if (this.bytes.length > 65_536) this.flush();
  }

  control(word: string, parameter: number | undefined): void {
    if (word === "*") {
      this.group.ignorable = true;
      return;
    }
    if (this.group.ignorable) {
      this.group.ignorable = false;
      if (!knownIgnorable.has(word)) this.group.destination = "nowhere";
    }
    if (word === "listtext" || word === "pntext") this.text.markListItem();
    if (skipped.has(word)) this.group.destination = "nowhere";
    if (word === "ud") this.group.destination = this.groups.at(-1)?.destination ?? "body";
    if (this.group.destination === "nowhere") return;
    if (word === "u") {
      this.unicode(parameter ?? 0);
      return;
    }
    if (this.passOver > 0) {
      this.passOver -= 1;
      return;
    }
    if (word === "\\" || word === "{" || word === "}") {
      this.byte(word.charCodeAt(0));
      return;
    }
    this.flush();
    this.format(word, parameter);
  }

  end(): void {
    this.flush();
    this.text.end();
  }

  private format(word: string, parameter: number | undefined): void {
    const { group } = this;
    const character = characters[word];
    if (character !== undefined) {
      this.write(character);
      return;
    }
    switch (word) {
      case "ansicpg":
        this.defaultEncoding = encodingOf(parameter ?? 1252);
        group.encoding = this.defaultEncoding;
        break;
      case "mac":
        group.encoding = "macintosh";
        break;
      case "fonttbl":
        group.destination = "fonts";
        break;
      case "stylesheet":
        group.destination = "styles";
        break;
      case "info":
        group.destination = "info";
        break;
      case "upr":
        group.isTwofold = true;
        break;
      case "title":
        if (group.destination === "info") group.destination = "title";
        break;
      case "f":
        this.fontNumber = parameter ?? 0;
        if (group.destination !== "fonts") {
          group.encoding = this.fonts.get(this.fontNumber) ?? this.defaultEncoding;
        }
        break;
      case "fcharset": {
        const codePage = charsets[parameter ?? 0];
        if (codePage !== undefined) this.fonts.set(this.fontNumber, encodingOf(codePage));
        break;
      }
      case "cpg":
        this.fonts.set(this.fontNumber, encodingOf(parameter ?? 1252));
        break;
      case "uc":
        group.substitutes = Math.max(0, parameter ?? 1);
        break;
      case "plain":
        group.hidden = false;
        break;
      case "v":
      case "deleted":
        group.hidden = parameter !== 0;
        break;
      case "footnote":
      case "annotation":
        group.isNote = true;
        this.text.startNote();
        break;
      default:
        if (group.destination === "styles") this.text.styleControl(word, parameter);
        else if (group.destination === "body") this.text.control(word, parameter);
    }
  }

  private unicode(parameter: number): void {
    this.flush();
    this.write(String.fromCharCode(parameter & 0xffff));
    this.passOver = this.group.substitutes;
  }

  private flush(): void {
    if (this.bytes.length === 0) return;
    const bytes = Uint8Array.from(this.bytes);
    this.bytes = [];
    this.write(new TextDecoder(this.group.encoding).decode(bytes));
  }

  private write(text: string): void {
    if (this.group.hidden) return;
    if (this.group.destination === "body") this.text.write(text);
    else if (this.group.destination === "styles") this.text.styleName(text);
    else if (this.group.destination === "title") this.title = (this.title ?? "") + text;
  }
}

/** Rich Text Format: paragraphs, headings by style or outline level, lists, tables, notes. */
export const readRtf: BytesReader = ({ source, writer }) => {
  const reader = new RtfReader(new RtfText(writer));
  readRtfTokens(source, reader);
  reader.end();
  return { title: reader.title };
};
