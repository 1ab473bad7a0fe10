/** A UUID in its usual form (RFC 9562, section 4); `format: "uuid"` would take a URN as well, which Postgres refuses. */
export const UUID = /^[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$/;
