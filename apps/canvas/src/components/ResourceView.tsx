import type { ReactNode } from "react";
import { Icon } from "./icons.js";
import { Notice } from "./Notice.js";
import type { Resource } from "./use-resource.js";

/** Shows what was read, or why it could not be; with a bar to read it again. */
export function ResourceView<T>(props: {
  readonly resource: Resource<T>;
  /** What stands in the bar before the refresh button. */
  readonly bar?: ReactNode;
  readonly children: (value: T) => ReactNode;
}) {
  const { resource, bar, children } = props;
  const { value, error, isLoading, reload } = resource;
  return (
    <>
      <div className="tool-bar">
        <div className="tool-bar-start">{bar}</div>
        <button type="button" className="button small" onClick={reload} disabled={isLoading}>
          <Icon name="refresh" />
          Refresh
        </button>
      </div>
      {error !== null && <Notice tone="error">{error}</Notice>}
      {value === undefined ? error === null && <p className="quiet">Reading…</p> : children(value)}
    </>
  );
}
