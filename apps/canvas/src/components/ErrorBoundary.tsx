import { Component, type ReactNode } from "react";
import { messageOf } from "../api/api-error.js";

interface Props {
  readonly children: ReactNode;
}

interface Fault {
  readonly message: string | null;
}

/** Says that the page broke, in place of leaving it blank; e.g. when a newer host no longer serves its parts. */
export class ErrorBoundary extends Component<Props, Fault> {
  override state: Fault = { message: null };

  static getDerivedStateFromError(thrown: unknown): Fault {
    return { message: messageOf(thrown) };
  }

  override render(): ReactNode {
    const { message } = this.state;
    if (message === null) return this.props.children;
    return (
      <div className="empty" role="alert">
        <h2>This page broke</h2>
        <p>{message}</p>
        <button
          type="button"
          className="button primary"
          onClick={() => {
            window.location.reload();
          }}
        >
          Reload
        </button>
      </div>
    );
  }
}
