import { expect } from "chai";
import { AgentUrlGuard } from "@molecule/host/dist/workspaces/agent-url.js";
