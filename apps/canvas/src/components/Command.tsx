import { CopyButton } from "./CopyButton.js";

/** A command to copy and run elsewhere. */
export function Command({ text }: { readonly text: string }) {
  return (
    <div className="command">
      <pre tabIndex={0} aria-label="Command">
        {text}
      </pre>
      <CopyButton text={text} label="Copy the command" />
    </div>
  );
}
