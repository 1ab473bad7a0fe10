import { expect } from "chai";
import { HostMetrics } from "../../dist/metrics/host-metrics.js";

function made(loops: ConstructorParameters<typeof HostMetrics>[0]["loops"] = () => []) {
  return new HostMetrics({ runtimes: ["demo"], loops });
}

describe("HostMetrics", () => {
  it("counts mutators, chains, boot tasks and ticks by plugin, hook and outcome", async () => {
    const metrics = made();
    const { observer } = metrics;
    const run = { plugin: "acme", version: "1.0.0", mutator: "m", edits: 0, error: undefined };
    observer.onMutator?.({ ...run, outcome: "applied", durationMs: 2 });
    observer.onMutator?.({ ...run, outcome: "skipped", durationMs: 1 });
    observer.onChain?.({ outcome: "ok", durationMs: 3 });
    observer.onTask?.({ task: "t", plugin: "acme", ok: false, durationMs: 5 });
    observer.onTick?.({ loop: "sweep", plugin: "host", outcome: "standby", durationMs: 20 });
    const text = await metrics.render();
    for (const line of [
      'molecule_plugin_calls_total{plugin="acme",hook="env_mutators",outcome="applied"} 1',
      'molecule_plugin_calls_total{plugin="acme",hook="env_mutators",outcome="skipped"} 1',
      'molecule_plugin_calls_total{plugin="acme",hook="boot_tasks",outcome="failed"} 1',
      'molecule_plugin_calls_total{plugin="host",hook="loops",outcome="standby"} 1',
      'molecule_plugin_call_duration_seconds_sum{plugin="acme",hook="env_mutators"} 0.003',
      'molecule_env_chains_total{outcome="ok"} 1',
      "molecule_env_chain_duration_seconds_sum 0.003",
      'molecule_loop_ticks_total{loop="sweep",outcome="standby"} 1',
      'molecule_loop_tick_duration_seconds_sum{loop="sweep"} 0.02',
    ]) {
      expect(text.split("\n")).to.include(line);
    }
  });

  it("tells how long ago a loop succeeded, and forgets one that is gone", async () => {
    const status = {
      plugin: "host",
      state: "waiting",
      interval_ms: 1,
      singleton: false,
      last_tick_at: null,
      last_error: null,
      last_error_at: null,
      consecutive_failures: 0,
      last_duration_ms: null,
      last_detail: null,
      stale: false,
    } as const;
    const loops = [
      { ...status, name: "sweep", last_success_at: "2026-01-01T00:01:00.000Z", last_success_age_ms: 30_000 },
      { ...status, name: "never", last_success_at: null, last_success_age_ms: null },
    ];
    const metrics = made(() => loops);
    expect(await metrics.render()).to.contain('molecule_loop_last_success_age_seconds{loop="sweep"} 30\n');
    expect(await metrics.render()).not.to.contain('loop="never"');
    loops.length = 0;
    expect(await metrics.render()).not.to.contain('loop="sweep"');
  });

  it("keeps what callers and old rows can choose out of the labels", async () => {
    const metrics = made();
    metrics.onRequest({ method: "PURGE", route: undefined, status: 404, durationMs: 1 });
    metrics.onProvision({ runtime: "of-an-earlier-manifest", outcome: "failed", durationMs: 1 });
    metrics.onProvision({ runtime: "demo", outcome: "launched", durationMs: 1 });
    const text = await metrics.render();
    expect(text).to.contain('molecule_http_requests_total{method="other",route="none",status="4xx"} 1\n');
    expect(text).to.contain('molecule_provisions_total{runtime="other",outcome="failed"} 1\n');
    expect(text).to.contain('molecule_provisions_total{runtime="demo",outcome="launched"} 1\n');
    expect(text).not.to.contain("PURGE").and.not.to.contain("earlier");
  });

  it("lets several hosts of one process have their own figures, and the process's", async () => {
    const [one, two] = [made(), made()];
    one.onEngineCall({ driver: "docker", call: "launch", outcome: "ok", durationMs: 1 });
    expect(await one.render()).to.contain('call="launch"');
    expect(await two.render())
      .to.contain("process_cpu_user_seconds_total")
      .and.not.to.contain('call="launch"');
  });
});
