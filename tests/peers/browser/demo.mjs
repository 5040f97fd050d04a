// The demo for a trial: a daemon of its own at ports that the system gives it, in a folder that goes with it.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

/** Every source has been harvested once. */
async function harvested(base) {
  if (!(await fetch(`${base}/readyz`)).ok) return false;
  const { sources } = await (await fetch(`${base}/status.json`)).json();
  return sources.every(({ last, running }) => last && !running);
}

/** Starts `harvestd demo` and waits until there is something of every source to look at. `config` is a configuration for it, as text. */
export async function startDemo(binary, config = null) {
  const folder = await mkdtemp(join(tmpdir(), "harvestd-browser-"));
  const data = join(folder, "demo");
  const settings = join(folder, "demo.toml");
  if (config !== null) await writeFile(settings, config);
  const daemon = spawn(
    resolve(binary),
    ["demo", ...(config === null ? [] : ["--config", settings]), "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0", "--data-dir", data, "--log", "warn"],
    { cwd: folder, stdio: ["ignore", "ignore", "inherit"] },
  );
  const ended = once(daemon, "exit");
  const stop = async () => {
    daemon.kill("SIGTERM");
    await ended;
    await rm(folder, { recursive: true, force: true });
  };
  const deadline = Date.now() + 120_000;
  for (;;) {
    try {
      // Which ports the system gave: the daemon says so in its data directory.
      const { listen, admin_listen } = JSON.parse(await readFile(join(data, "running.json"), "utf8"));
      const base = `http://${listen}`;
      if (await harvested(base)) {
        const token = (await readFile(join(data, "admin-token"), "utf8")).trim();
        return { base, adminBase: `http://${admin_listen}`, token, data, stop };
      }
    } catch (error) {
      if (!["ENOENT", "ECONNREFUSED"].includes(error.code ?? error.cause?.code) && !(error instanceof SyntaxError)) throw error;
    }
    if (daemon.exitCode !== null || Date.now() > deadline) {
      await stop();
      throw new Error("the demo did not start");
    }
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}
