import { useId, type ReactNode } from "react";

/** A labelled field of a form; `children` gets the ids that the control has to carry. */
export function Field(props: {
  readonly label: string;
  readonly hint?: string;
  readonly children: (id: string, hintId: string) => ReactNode;
}) {
  const id = useId();
  const hintId = `${id}-hint`;
  return (
    <div className="field">
      <label htmlFor={id}>{props.label}</label>
      {props.children(id, hintId)}
      {props.hint !== undefined && (
        <p id={hintId} className="hint">
          {props.hint}
        </p>
      )}
    </div>
  );
}
