import { sql, type Kysely, type Migration } from "kysely";

/** What is remembered of images: per runtime what the registry had, and which images this installation pulled. */
export const imageDigests: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await sql`create table image_digests (
      runtime text primary key,
      reference text not null,
      digest text not null,
      platform_digest text not null,
      etag text,
      pending_digest text,
      updated_at timestamptz not null default now()
    )`.execute(db);
    await sql`create table pulled_images (
      host_id text not null,
      repository text not null,
      digest text not null,
      image_id text not null,
      pulled_at timestamptz not null default now(),
      needed_at timestamptz not null default now(),
      primary key (host_id, repository, digest)
    )`.execute(db);
  },
};
