import type { IncomingMessage, ServerResponse } from "node:http";
import { text } from "node:stream/consumers";

/** The part of a GraphQL request that the tests look at. */
export interface Mutation {
  /** Name of the operation, e.g. `IssueCreate`. */
  readonly name: string;
  readonly input: Readonly<Record<string, unknown>>;
}

const ISSUE_URL = "https://github.com/o/r/issues/6";

/** Answers by what a GraphQL document of gh holds; the first match is sent. */
const ANSWERS: readonly [RegExp, unknown][] = [
  [/mutation IssueCreate/, { createIssue: { issue: { id: "I_6", url: ISSUE_URL } } }],
  [/mutation IssueUpdate/, { updateIssue: { __typename: "" } }],
  [/mutation CommentCreate/, { addComment: { commentEdge: { node: { url: `${ISSUE_URL}#c1` } } } }],
  [
    /mutation PullRequestCreate\b/,
    { createPullRequest: { pullRequest: { id: "PR_7", url: "https://github.com/o/r/pull/7" } } },
  ],
  [/mutation/, { updatePullRequest: { clientMutationId: "" } }],
  [/u000: user/, { u000: { id: "U_alice", login: "alice" } }],
  [
    /PullRequestForBranch/,
    { repository: { pullRequests: { nodes: [] }, defaultBranchRef: { name: "main" } } },
  ],
  [
    /IssueByNumber/,
    {
      repository: {
        hasIssuesEnabled: true,
        issue: { __typename: "Issue", id: "I_6", number: 6, url: ISSUE_URL },
      },
    },
  ],
  [
    /repository/,
    {
      repository: {
        id: "R_1",
        name: "r",
        owner: { login: "o" },
        hasIssuesEnabled: true,
        viewerPermission: "WRITE",
        defaultBranchRef: { name: "main" },
      },
    },
  ],
];

/** As much of GitHub's GraphQL API as gh needs to publish. */
export class GithubGraphql {
  readonly mutations: Mutation[] = [];

  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const answer = { data: this.#answer(await text(request)) };
    response.setHeader("Content-Type", "application/json");
    response.end(JSON.stringify(answer));
  }

  #answer(body: string): unknown {
    const request: unknown = JSON.parse(body);
    if (!isGraphql(request)) throw new Error(`not a GraphQL request: ${body}`);
    const name = /mutation (\w+)/.exec(request.query)?.[1];
    if (name !== undefined) this.mutations.push({ name, input: request.variables?.input ?? {} });
    return ANSWERS.find(([pattern]) => pattern.test(request.query))?.[1] ?? {};
  }
}

interface GraphqlRequest {
  readonly query: string;
  readonly variables: { readonly input?: Readonly<Record<string, unknown>> } | null;
}

function isGraphql(value: unknown): value is GraphqlRequest {
  return (
    typeof value === "object" &&
    value !== null &&
    "query" in value &&
    typeof value.query === "string" &&
    "variables" in value &&
    typeof value.variables === "object"
  );
}
