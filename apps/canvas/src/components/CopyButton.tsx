import { useEffect, useState } from "react";
import { Icon } from "./icons.js";

/** For how long it says that it has copied, in ms. */
const TOLD_MS = 1500;

/** Copies a text to the clipboard, and says so. */
export function CopyButton({ text, label }: { readonly text: string; readonly label: string }) {
  const [outcome, setOutcome] = useState<"none" | "copied" | "failed">("none");
  useEffect(() => {
    if (outcome === "none") return;
    const timer = setTimeout(() => {
      setOutcome("none");
    }, TOLD_MS);
    return () => {
      clearTimeout(timer);
    };
  }, [outcome]);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      setOutcome("copied");
    } catch {
      // Pages that came by plain HTTP from another machine have no clipboard.
      setOutcome("failed");
    }
  };
  const words = { none: label, copied: "Copied", failed: "Select the text and copy it by hand" }[outcome];
  return (
    <button type="button" className="icon-button" title={words} onClick={() => void copy()}>
      <Icon name={outcome === "copied" ? "check" : "copy"} />
      <span className="visually-hidden" aria-live="polite">
        {words}
      </span>
    </button>
  );
}
