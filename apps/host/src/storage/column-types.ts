import pg from "pg";

/** OID of bigint (pg_type.dat). */
const INT8 = 20;

/**
 * How values of the database read in this host: as node-postgres has them, but bigint as a number. Ids, cents and
 * seconds stay far below 2^53; a value that doesn't is an error and not a wrong number.
 */
export function columnTypes(): pg.TypeOverrides {
  const types = new pg.TypeOverrides();
  types.setTypeParser(INT8, (text) => {
    const value = Number(text);
    if (!Number.isSafeInteger(value)) throw new RangeError(`bigint ${text} is beyond what a number can hold`);
    return value;
  });
  return types;
}
