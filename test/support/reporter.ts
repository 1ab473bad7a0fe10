import Mocha from "mocha";
import { skipReason } from "./skip.js";
import { onLateVerdict } from "./verdicts.js";

/**
 * Mocha's `spec`, and after it every skipped test with its reason and one line for people and scripts:
 * `N passed, N failed, N skipped`.
 */
export class LineReporter extends Mocha.reporters.Spec {
  readonly #passed = new Set<object>();
  readonly #failed = new Set<object>();
  readonly #skipped = new Set<Mocha.Test>();

  constructor(runner: Mocha.Runner, options?: Mocha.MochaOptions) {
    super(runner, options);
    runner.on("pass", (test) => this.#passed.add(test));
    runner.on("pending", (test) => this.#skipped.add(test));
    runner.on("fail", (test) => {
      this.#failed.add(test);
      this.#passed.delete(test);
    });
    onLateVerdict((test, error) => {
      // What Runner#fail does, which is not public: the count is mocha's exit code.
      runner.failures++;
      test.state = "failed";
      runner.emit("fail", test, error);
    });
  }

  override epilogue(): void {
    super.epilogue();
    const lines = [...this.#skipped].map((test) => `skipped: ${test.fullTitle()}: ${skipReason(test)}`);
    lines.push(`${this.#passed.size} passed, ${this.#failed.size} failed, ${this.#skipped.size} skipped`);
    process.stdout.write(`${lines.join("\n")}\n`);
  }
}

// Mocha takes a reporter that is a module by its default export.
export { LineReporter as default };
