/**
 * `bun run bench:stream`: what a streamed token costs in our binary, beside a bare Bun server that
 * only pipes the same upstream's bytes, in the same run. Each row is the median of its rounds, in which
 * the two take turns; a token that does not arrive ends the benchmark.
 */
import { cpuTime, median, printTable, quantile } from "./measure.ts";
import { type Running, signIn, startBinary, startServer } from "./processes.ts";
import { chats, readStream } from "./streams.ts";

interface Scenario {
  readonly streams: number;
  /** Milliseconds between the tokens of one stream. */
  readonly interval: number;
  readonly tokens: number;
  /** Rounds that are counted; before more than one comes a round that is not. */
  readonly rounds: number;
}

interface Figures {
  /** Microseconds of processor time a token. */
  readonly cpu: number;
  /** Milliseconds from the upstream's write to the client's read. */
  readonly latency: number;
  /** Milliseconds from the request to the first token. */
  readonly firstToken: number;
}

const scenarios: readonly Scenario[] = [
  { streams: 1, interval: 5, tokens: 1000, rounds: 5 },
  { streams: 100, interval: 5, tokens: 600, rounds: 5 },
  { streams: 500, interval: 20, tokens: 200, rounds: 5 },
  // A minute of many streams that say little.
  { streams: 2000, interval: 1000, tokens: 60, rounds: 1 },
];

async function measure(
  server: Running,
  scenario: Scenario,
  open: (() => Promise<Response>)[],
): Promise<Figures> {
  const latencies: number[] = [];
  const firstTokens: number[] = [];
  const before = cpuTime(server.pid);
  await Promise.all(open.map((request) => readStream(request, latencies, firstTokens)));
  const used = cpuTime(server.pid) - before;
  const expected = scenario.streams * scenario.tokens;
  if (latencies.length !== expected) {
    throw new Error(`${latencies.length} tokens came, ${expected} were sent`);
  }
  return {
    cpu: (used * 1000) / expected,
    latency: quantile(latencies, 0.99),
    firstToken: quantile(firstTokens, 0.99),
  };
}

async function compare(scenario: Scenario): Promise<string[][]> {
  const upstream = await startServer("paced-upstream", {
    INTERVAL: String(scenario.interval),
    TOKENS: String(scenario.tokens),
  });
  const pipe = await startServer("bare-pipe", { UPSTREAM: upstream.url });
  const ours = await startBinary(upstream.url);
  const headers = await signIn(ours.url);
  const piped = Array.from(
    { length: scenario.streams },
    () => () => fetch(pipe.url, { method: "POST", body: "{}" }),
  );
  const measurePipe = () => measure(pipe, scenario, piped);
  const measureOurs = async () =>
    measure(ours, scenario, await chats(ours.url, headers, scenario.streams));

  if (scenario.rounds > 1) {
    await measurePipe();
    await measureOurs();
  }
  const floor: Figures[] = [];
  const figures: Figures[] = [];
  for (let round = 0; round < scenario.rounds; round++) {
    floor.push(await measurePipe());
    figures.push(await measureOurs());
  }
  await Promise.all([ours.stop(), pipe.stop(), upstream.stop()]);

  const name = `${scenario.streams} x ${scenario.interval} ms`;
  const row = (label: string, unit: string, pick: (figures: Figures) => number): string[] => {
    const bare = median(floor.map(pick));
    const own = median(figures.map(pick));
    const ratio = median(figures.map((run, round) => pick(run) / pick(floor[round] ?? run)));
    return [`${name}: ${label}`, bare.toFixed(1), own.toFixed(1), unit, `${ratio.toFixed(2)}x`];
  };
  return [
    row("CPU a token", "us", ({ cpu }) => cpu),
    row("latency p99", "ms", ({ latency }) => latency),
    row("first token p99", "ms", ({ firstToken }) => firstToken),
  ];
}

const rows: string[][] = [];
for (const scenario of scenarios) rows.push(...(await compare(scenario)));
printTable(["streams x interval", "bare pipe", "ours", "unit", "ratio"], rows);
