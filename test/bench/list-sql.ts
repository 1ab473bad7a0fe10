/** The host's query for its list of workspaces. */
export const LIST_SQL = `select "id", "name", "role", "tier", "status", "runtime", "agent_card", "url",
  "parent_id", "active_tasks", "max_concurrent_tasks", "last_error_rate", "last_sample_error", "uptime_seconds",
  "current_task", "workspace_dir", "monthly_spend", "budget_limit", "x", "y", "collapsed"
  from "workspaces" where "status" <> 'removed' order by "created_at", "id"`;
