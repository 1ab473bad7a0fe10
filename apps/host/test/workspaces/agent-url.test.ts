import { expect } from "chai";
import { isCodedError } from "@molecule/core";
import { AgentUrlGuard } from "../../dist/workspaces/agent-url.js";

const names: Readonly<Record<string, readonly string[]>> = {
  "agent.example.com": ["93.184.216.34"],
  "inward.example.com": ["93.184.216.34", "10.0.0.7"],
  "metadata.example.com": ["169.254.169.254"],
};

const guard = new AgentUrlGuard((hostname) => {
  const addresses = names[hostname];
  return addresses === undefined ? Promise.reject(new Error("ENOTFOUND")) : Promise.resolve(addresses);
});

async function refusal(url: string, ownContainer = false): Promise<string> {
  try {
    await guard.assertAllowed(url, { ownContainer });
  } catch (error) {
    if (isCodedError(error)) return `${error.code} ${String(error.details.reason)}`;
    throw error;
  }
  return "allowed";
}

describe("AgentUrlGuard", () => {
  for (const url of ["http://localhost:8000", "https://agent.example.com/a", "http://93.184.216.34:9000"]) {
    it(`allows ${url}`, async () => {
      expect(await refusal(url)).to.equal("allowed");
    });
  }

  for (const [url, reason] of Object.entries({
    "": "it is no URL",
    "agent:8000": "only http and https",
    "file:///etc/passwd": "only http and https",
    "http://user:pw@agent.example.com": "must not carry a user name",
    "http://127.0.0.1:8000": "loopback",
    "http://2130706433/": "loopback",
    "http://0x7f.1/": "loopback",
    "http://[::1]:8000": "loopback",
    "http://[::ffff:127.0.0.1]/": "loopback",
    "http://[64:ff9b::7f00:1]/": "loopback",
    "http://[2002:7f00:1::]/": "loopback",
    "http://169.254.169.254/latest/meta-data": "linkLocal",
    "http://100.64.0.1/": "carrierGradeNat",
    "http://192.0.2.1/": "reserved",
    "http://224.0.0.1/": "multicast",
    "http://0.0.0.0:8000/": "unspecified",
    "http://10.1.2.3/": "private",
    "http://[fd00::1]/": "uniqueLocal",
    "http://[fe80::1]/": "linkLocal",
    "http://inward.example.com/": "private",
    "http://metadata.example.com/": "linkLocal",
    "http://nowhere.example.com/": "can't be resolved",
    "http://localhost.:8000/": "can't be resolved",
  })) {
    it(`refuses ${url === "" ? "an empty text" : url} from an external agent`, async () => {
      expect(await refusal(url))
        .to.match(/^AGENT_URL_REFUSED /)
        .and.contain(reason);
    });
  }

  it("allows a private address to a container of its own, and nothing further inward", async () => {
    expect(await refusal("http://172.17.0.4:8000", true)).to.equal("allowed");
    expect(await refusal("http://169.254.169.254/", true)).to.contain("linkLocal");
    expect(await refusal("http://127.0.0.1:22/", true)).to.contain("loopback");
  });
});
