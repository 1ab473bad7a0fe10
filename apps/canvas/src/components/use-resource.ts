import { useCallback, useEffect, useState } from "react";
import { messageOf } from "../api/api-error.js";

/** Something that is read from the platform for one view. */
export interface Resource<T> {
  /** What was read last; undefined until then. Stays while it is read anew. */
  readonly value: T | undefined;
  /** Why the last reading failed; null when it did not. */
  readonly error: string | null;
  readonly isLoading: boolean;
  /** Reads it again. */
  readonly reload: () => void;
}

interface Reading<T> {
  readonly value: T | undefined;
  readonly error: string | null;
  /** What was read: by which loader, at which version and after how many reloads. */
  readonly of: unknown;
  readonly version: number;
  readonly round: number;
}

/**
 * Reads when it is first drawn, when `load` is another function (so give it a stable one), and on `reload`. Leaving
 * the view gives the reading up.
 * @param version another one means that what was read is out of date
 */
export function useResource<T>(load: (signal: AbortSignal) => Promise<T>, version = 0): Resource<T> {
  const [round, setRound] = useState(0);
  const [reading, setReading] = useState<Reading<T>>({
    value: undefined,
    error: null,
    of: null,
    version,
    round,
  });
  useEffect(() => {
    const life = new AbortController();
    load(life.signal).then(
      (value) => {
        if (!life.signal.aborted) setReading({ value, error: null, of: load, version, round });
      },
      (error: unknown) => {
        if (life.signal.aborted) return;
        setReading(({ value }) => ({ value, error: messageOf(error), of: load, version, round }));
      },
    );
    return () => {
      life.abort();
    };
  }, [load, version, round]);
  const reload = useCallback(() => {
    setRound((count) => count + 1);
  }, []);
  const isLoading = reading.of !== load || reading.version !== version || reading.round !== round;
  return { value: reading.value, error: reading.error, isLoading, reload };
}
