import { useId, useLayoutEffect, useRef, type ReactNode } from "react";
import { Icon } from "./icons.js";

/**
 * A modal dialog: the browser keeps the focus inside, closes it on Escape and gives the focus back. It is open for as
 * long as it is drawn. What carries `data-autofocus` gets the focus first.
 */
export function Dialog(props: {
  readonly title: string;
  /** Absent: it can't be closed without an answer. */
  readonly onClose?: () => void;
  readonly children: ReactNode;
}) {
  const { title, onClose, children } = props;
  const element = useRef<HTMLDialogElement>(null);
  const titleId = useId();
  // In the layout phase: only a dialog that is closed before it is taken out of the page gives the focus back.
  useLayoutEffect(() => {
    const dialog = element.current;
    dialog?.showModal();
    dialog?.querySelector<HTMLElement>("[data-autofocus]")?.focus();
    return () => {
      dialog?.close();
    };
  }, []);
  return (
    <dialog
      ref={element}
      aria-labelledby={titleId}
      onCancel={(event) => {
        event.preventDefault();
        onClose?.();
      }}
    >
      <header className="dialog-head">
        <h2 id={titleId}>{title}</h2>
        {onClose !== undefined && (
          <button type="button" className="icon-button" aria-label="Close" onClick={onClose}>
            <Icon name="close" />
          </button>
        )}
      </header>
      {children}
    </dialog>
  );
}
