import { setDefaultTimeout } from "bun:test";

// Tests start servers and processes, on machines that may be busy; Bun gives them 5 s by itself.
setDefaultTimeout(60_000);
