import { expect } from "chai";
import fc from "fast-check";
import { sort } from "../dist/acceptance.js";

describe("sort", () => {
  it("takes names and strings, the empty string too", () => {
    const { accepted, refused } = sort({ A: "1", _b2: "", MOLECULE_CP_SHARED_SECRET: "x y=z" });
    expect(Object.fromEntries(accepted)).to.deep.equal({
      A: "1",
      _b2: "",
      MOLECULE_CP_SHARED_SECRET: "x y=z",
    });
    expect(refused).to.deep.equal([]);
  });

  const HOSTILE = [
    "PATH",
    "Path",
    "NODE_OPTIONS",
    "NODE_PATH",
    "NODE_EXTRA_CA_CERTS",
    "NODE_TLS_REJECT_UNAUTHORIZED",
    "LD_PRELOAD",
    "LD_LIBRARY_PATH",
    "LD_AUDIT",
    "DYLD_INSERT_LIBRARIES",
    "GCONV_PATH",
    "GLIBC_TUNABLES",
    "BASH_ENV",
    "ENV",
    "IFS",
    "SHELLOPTS",
    "PS4",
    "PYTHONPATH",
    "PYTHONSTARTUP",
    "PERL5OPT",
    "PERL5LIB",
    "RUBYOPT",
    "JAVA_TOOL_OPTIONS",
    "npm_config_script_shell",
    "OPENSSL_CONF",
    "SSL_CERT_FILE",
    "GIT_SSH_COMMAND",
    "GIT_CONFIG_COUNT",
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_OBJECT_DIRECTORY",
    "DOTNET_STARTUP_HOOKS",
    "CORECLR_PROFILER_PATH",
    "COR_ENABLE_PROFILING",
    "MAVEN_OPTS",
    "SSH_ASKPASS",
    "HOME",
  ];
  for (const name of HOSTILE) {
    it(`refuses ${name}, which would change how programs run`, () => {
      const { accepted, refused } = sort({ [name]: "hunter22", GOOD: "1" });
      expect([...accepted.keys()]).to.deep.equal(["GOOD"]);
      expect(refused).to.deep.equal([
        {
          path: `"${name}"`,
          found: "this name",
          allowed: "a name that does not change how programs load or run code",
        },
      ]);
    });
  }

  it("leaves the names of this platform and of its plugins alone", () => {
    for (const name of [
      "PORT",
      "DATABASE_URL",
      "GITHUB_APP_ID",
      "PATHOLOGY",
      "MY_PATH",
      "LDAP_URL",
      "ENVIRONMENT",
    ]) {
      expect(sort({ [name]: "1" }).refused).to.deep.equal([]);
    }
  });

  it("refuses empty and impossible names", () => {
    for (const name of ["", " ", "A=B", "A\0", "A B", "1A", "A-B", "BASH_FUNC_x%%", "ä", "A".repeat(256)]) {
      const { accepted, refused } = sort({ [name]: "1" });
      expect(accepted.size, JSON.stringify(name)).to.equal(0);
      expect(refused).to.have.length(1);
    }
  });

  it("refuses what is no string, is over 4 KiB or holds NUL, and tells no value", () => {
    const nested = { secret: "hunter22" };
    const answer = {
      A: 1,
      B: null,
      C: true,
      D: nested,
      E: ["hunter22"],
      F: "ä".repeat(2_049),
      G: "hunter22\0",
    };
    const { accepted, refused } = sort({ ...answer, FITS: "ä".repeat(2_048) });
    expect([...accepted.keys()]).to.deep.equal(["FITS"]);
    expect(refused.map(({ path, found }) => `${path}: ${found}`)).to.deep.equal([
      '"A": a value that is no string',
      '"B": a value that is no string',
      '"C": a value that is no string',
      '"D": a value that is no string',
      '"E": a value that is no string',
      '"F": 4098 bytes',
      '"G": a value with NUL',
    ]);
    expect(JSON.stringify(refused)).not.to.contain("hunter22");
  });

  it("never throws, and sorts each entry of any JSON object exactly once", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (answer) => {
        const { accepted, refused } = sort(answer);
        expect(accepted.size + refused.length).to.equal(Object.keys(answer).length);
      }),
    );
  });
});
