import { Type, type TSchema } from "@molecule/core";

/** What schemas of answers are made of. */
export const text = Type.String();
export const time = Type.String({ format: "date-time" });
export const uuid = Type.String({ format: "uuid" });
export const data = Type.Record(Type.String(), Type.Unknown());

/** Option of an object that has no further properties. */
export const exactly = { additionalProperties: false };

export const nullable = (schema: TSchema) => Type.Union([schema, Type.Null()]);
