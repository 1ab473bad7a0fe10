import type { ColumnType } from "kysely";

/** timestamptz, null by default; read as a Date, written as a Date or as RFC 3339 text. */
export type NullableTime = ColumnType<Date | null, Date | string | null | undefined, Date | string | null>;
/** timestamptz that the database fills in. */
export type DefaultTime = ColumnType<Date, Date | string | undefined, Date | string>;
/** jsonb: read as the value, written as the text that `toJsonb` makes. */
export type Json<T> = ColumnType<T, string, string>;
