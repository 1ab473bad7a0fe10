import type { PluginStatus } from "../api/system.js";
import { formatMs } from "../state/format.js";
import { stateTone } from "../state/status.js";
import { StatusPill } from "./StatusPill.js";

/** The plugins in the order in which they take their turns. */
export function PluginsTable({ plugins }: { readonly plugins: readonly PluginStatus[] }) {
  if (plugins.length === 0) return <p className="quiet">The manifest lists no plugins.</p>;
  const chain = plugins.flatMap((plugin) => plugin.envMutators);
  return (
    <>
      <p className="chain">
        Env-mutator chain: {chain.length === 0 ? "empty" : <code>{chain.join(" → ")}</code>}
      </p>
      <div className="table-frame" tabIndex={0} role="region" aria-label="Plugins">
        <table>
          <thead>
            <tr>
              <th scope="col">Plugin</th>
              <th scope="col">State</th>
              <th scope="col">Why</th>
              <th scope="col">Adds</th>
              <th scope="col" className="number">
                Setup
              </th>
            </tr>
          </thead>
          <tbody>
            {plugins.map((plugin) => (
              <PluginRow key={plugin.name} plugin={plugin} />
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}

function PluginRow({ plugin }: { readonly plugin: PluginStatus }) {
  const { name, version, module, state, reason, error, setupMs } = plugin;
  return (
    <tr>
      <th scope="row">
        {name} {version !== null && <span className="quiet">{version}</span>}
        <code className="module">{module}</code>
      </th>
      <td>
        <StatusPill status={state} tone={stateTone(state)} />
      </td>
      <td>
        {reason}
        {error !== null && (
          <p className="error-text">
            <code>{error.code}</code> {error.message}
          </p>
        )}
      </td>
      <td>
        <Contributions plugin={plugin} />
      </td>
      <td className="number">{setupMs === null ? "–" : formatMs(setupMs)}</td>
    </tr>
  );
}

function Contributions({ plugin }: { readonly plugin: PluginStatus }) {
  const kinds = [
    ["env mutator", plugin.envMutators],
    ["boot task", plugin.bootTasks],
    ["loop", plugin.loops],
  ] as const;
  const some = kinds.filter(([, names]) => names.length > 0);
  if (some.length === 0) return <span className="nothing">–</span>;
  return (
    <ul className="contributions">
      {some.map(([kind, names]) => (
        <li key={kind}>
          <span className="quiet">{kind}</span> {names.join(", ")}
        </li>
      ))}
    </ul>
  );
}
