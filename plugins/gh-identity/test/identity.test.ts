import { expect } from "chai";
import { badgeOf, displayRole } from "../dist/identity.js";

describe("the display form of a role", () => {
  const cases: readonly [string, string][] = [
    ["pmm-lead", "Pmm-Lead"],
    ["PMM-Lead", "PMM-Lead"],
    ["dev", "Dev"],
    ["  dev-rel \t", "Dev-Rel"],
    ["senior engineer", "Senior engineer"],
    ["qa--lead-", "Qa--Lead-"],
    ["2nd-line", "2nd-Line"],
    ["élan-ökonom", "Élan-Ökonom"],
    ["𐐨-x", "𐐀-X"],
    ["a\nb\r\u0000\u001b[31m\u0085c", "Ab[31mc"],
    ["\u2028dev\u2029", "Dev"],
    ["", ""],
    [" \n\t ", ""],
  ];
  for (const [role, expected] of cases) {
    it(`of ${JSON.stringify(role)} is ${JSON.stringify(expected)}`, () => {
      expect(displayRole(role)).to.equal(expected);
    });
  }
});

describe("the badge", () => {
  it("names the role and the first 8 characters of the workspace's id", () => {
    expect(badgeOf("Pmm-Lead", "12345678-9abc-4def-8012-3456789abcde")).to.equal(
      "🤖 [Agent: Pmm-Lead · ws-12345678]",
    );
  });
});
