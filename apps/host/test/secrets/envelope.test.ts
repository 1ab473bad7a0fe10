import { inspect } from "node:util";
import { expect } from "chai";
import { encryptionKey, KEY_BYTES } from "../../dist/secrets/encryption-key.js";
import { Envelope, type SealedSecret, type SecretPlace } from "../../dist/secrets/envelope.js";
import { KeyRing } from "../../dist/secrets/key-ring.js";
import { systemRandom } from "../../dist/storage/random.js";

const key = (fill: number, id?: string) => encryptionKey(Buffer.alloc(KEY_BYTES, fill), id);
const envelope = (...keys: ConstructorParameters<typeof KeyRing>[0]) =>
  new Envelope(new KeyRing(keys), systemRandom);
const place: SecretPlace = { id: "row-1", workspaceId: "workspace-1", key: "API_KEY" };

/** What is wrong with a secret that must not open. */
function reason(by: Envelope, at: SecretPlace, sealed: SealedSecret): string {
  const opened = by.open(at, sealed);
  if (opened.ok) throw new Error(`it has opened: ${opened.value}`);
  return opened.reason;
}

describe("Envelope", () => {
  it("opens what it sealed, byte for byte", () => {
    const it = envelope(key(1));
    for (const value of ["x", "", "päss wörd ✓", "a".repeat(65_536), "line\r\nline\t\u0001"]) {
      expect(it.open(place, it.seal(place, value))).to.deep.equal({ ok: true, value });
    }
  });

  it("gives each value a data key and nonces of its own", () => {
    const it = envelope(key(1));
    const [first, second] = [it.seal(place, "same value"), it.seal(place, "same value")];
    expect(first.ciphertext).to.not.deep.equal(second.ciphertext);
    expect(first.wrappedKey).to.not.deep.equal(second.wrappedKey);
    const mixed = { ...first, wrappedKey: second.wrappedKey };
    expect(reason(it, place, mixed)).to.equal("its ciphertext was damaged, or belongs elsewhere");
  });

  it("opens nothing in another place: neither row, scope nor name may differ", () => {
    const it = envelope(key(1));
    const sealed = it.seal(place, "value");
    for (const other of [
      { ...place, id: "row-2" },
      { ...place, workspaceId: "workspace-2" },
      { ...place, workspaceId: null },
      { ...place, key: "OTHER_KEY" },
    ]) {
      expect(reason(it, other, sealed), JSON.stringify(other)).to.contain("damaged or moved");
    }
  });

  it("opens nothing of which a single bit was changed, or that was cut", () => {
    const it = envelope(key(1));
    const sealed = it.seal(place, "value");
    for (const part of ["wrappedKey", "ciphertext"] as const) {
      for (let at = 0; at < sealed[part].length; at += 1) {
        const changed = Buffer.from(sealed[part]);
        changed[at] = (changed[at] ?? 0) ^ 1;
        expect(it.open(place, { ...sealed, [part]: changed }).ok, `${part} byte ${at}`).to.equal(false);
        const cut = sealed[part].subarray(0, at);
        expect(it.open(place, { ...sealed, [part]: cut }).ok, `${part} to ${at}`).to.equal(false);
      }
    }
  });

  it("says which key it lacks, and which one is another one than before", () => {
    const sealed = envelope(key(1, "old")).seal(place, "value");
    expect(reason(envelope(key(2, "new")), place, sealed)).to.equal(
      'it needs the encryption key "old", which this host lacks',
    );
    expect(reason(envelope(key(2, "old")), place, sealed)).to.match(
      /^the encryption key "old" does not open it: /,
    );
  });

  it("finds a key again that was given another name", () => {
    const sealed = envelope(key(1)).seal(place, "value");
    expect(envelope(key(2, "new"), key(1, "first")).open(place, sealed).ok).to.equal(true);
  });

  it("re-wraps the data key and leaves the ciphertext as it is", () => {
    const [old, both, fresh] = [
      envelope(key(1, "old")),
      envelope(key(2, "new"), key(1, "old")),
      envelope(key(2, "new")),
    ];
    const sealed = old.seal(place, "value");
    const result = both.rewrap(place, sealed);
    if (!result.ok) throw new Error(result.reason);
    expect(result.sealed).to.deep.include({ kekId: "new", ciphertext: sealed.ciphertext });
    expect(fresh.open(place, result.sealed)).to.deep.equal({ ok: true, value: "value" });
    expect(old.open(place, result.sealed).ok).to.equal(false);
    expect(fresh.rewrap(place, sealed).ok).to.equal(false);
    expect(both.rewrap({ ...place, key: "OTHER" }, sealed).ok).to.equal(false);
  });

  it("shows nothing of a key that is printed", () => {
    const secret = key(7, "k");
    const bytes = Buffer.alloc(KEY_BYTES, 7);
    for (const text of [JSON.stringify(secret), inspect(secret), JSON.stringify(new KeyRing([secret]))]) {
      expect(text).to.not.contain(bytes.toString("base64")).and.not.contain(bytes.toString("hex"));
    }
  });
});
