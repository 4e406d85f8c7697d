package afterrun

// Metric is what there is under a name.
type Metric struct {
	Name    string
	Help    string // a sentence or two, for the documentation, too
	Labels  []string
	Counter bool // else a gauge
	// Own: it is of this process, and not taken over from the textfile of an earlier one.
	Own bool
}

// The metrics that are asked for by name.
const (
	nameOfSuccess   = "duosync_last_success_timestamp_seconds"
	nameOfEnd       = "duosync_last_run_timestamp_seconds"
	nameOfOutcome   = "duosync_last_run_outcome"
	nameOfDuration  = "duosync_run_duration_seconds"
	nameOfPeople    = "duosync_people"
	nameOfHeld      = "duosync_held"
	nameOfConflicts = "duosync_conflicts"
	nameOfFailed    = "duosync_failed"
	nameOfAttention = "duosync_attention"
	nameOfOldest    = "duosync_attention_oldest_timestamp_seconds"
	nameOfPaused    = "duosync_paused"
	nameOfRefresh   = "duosync_last_refresh_timestamp_seconds"
	nameOfRefreshes = "duosync_refresh_interval_seconds"
	nameOfFigure    = "duosync_guard_affected"
	nameOfLimit     = "duosync_guard_limit"
	nameOfHolds     = "duosync_guard_held"
	nameOfSeats     = "duosync_seats"
	nameOfNever     = "duosync_never_enrolled"
	nameOfExpiry    = "duosync_certificate_expiry_timestamp_seconds"
	nameOfRuns      = "duosync_runs_total"
	nameOfOps       = "duosync_operations_total"
	nameOfCalls     = "duosync_duo_calls_total"
	nameOfRetries   = "duosync_duo_retries_total"
	nameOfThrottled = "duosync_duo_throttled_total"
	nameOfNext      = "duosync_next_run_timestamp_seconds"
	nameOfInterval  = "duosync_run_interval_seconds"
	nameOfReload    = "duosync_config_last_reload_successful"
	nameOfBuild     = "duosync_build_info"
)

// Listed gives all metrics, in the order in which the documentation has them. Nothing else is
// registered, and a label names no person.
func Listed() []Metric {
	return []Metric{
		{Name: nameOfSuccess, Help: "End of the last run that was complete and not held whole by a guard; absent before the first one. What a guard holds in part, and single people who failed, do not keep it back."},
		{Name: nameOfEnd, Help: "End of the last run over all people, whoever made it."},
		{Name: nameOfOutcome, Labels: []string{"outcome"}, Help: "1 for the outcome of the last run, 0 for all others: no-changes, applied, partial, held, failed, skipped."},
		{Name: nameOfDuration, Labels: []string{"phase"}, Help: "How long the phases of the last run took: open, settle, refresh, read, confirm, apply."},
		{Name: nameOfPeople, Labels: []string{"state"}, Help: "People of the last run that could read the directory: read, in_scope, of those unchanged, and waiting for a removal."},
		{Name: nameOfHeld, Help: "Operations that guards held in the last run that came to the guards."},
		{Name: nameOfConflicts, Help: "Conflicts of the last run that came to the guards."},
		{Name: nameOfFailed, Help: "Operations that failed in the last run."},
		{Name: nameOfAttention, Help: "People and groups that are not as the directory asks for and stay so until a human acts, as of the last run that came to its end."},
		{Name: nameOfOldest, Help: "Since when the one of them has been so who has been longest; absent where there is none."},
		{Name: nameOfPaused, Help: "1 while all writing to Duo is paused, else 0."},
		{Name: nameOfRefresh, Help: "Start of the last complete read of Duo; absent before the first one."},
		{Name: nameOfRefreshes, Help: "How often Duo is read whole, sync.refresh_every; 0 for each run."},
		{Name: nameOfFigure, Labels: []string{"guard"}, Help: "What a guard weighed in the last run that came to the guards: people, or what else it counts. Of several groups, attributes or directories it is the one nearest to its limit."},
		{Name: nameOfLimit, Labels: []string{"guard"}, Help: "How many may be affected before the guard holds, in the same unit; absent where it has no limit. Above it, and above sync.limits.floor, it holds."},
		{Name: nameOfHolds, Labels: []string{"guard"}, Help: "1 while a guard holds something of which nobody has decided, else 0."},
		{Name: nameOfSeats, Labels: []string{"status"}, Help: "Duo users that are ours by the status that Duo last answered, as of the last complete run: active, bypass, disabled, locked_out, trash."},
		{Name: nameOfNever, Help: "Those of them who are active and had no device when Duo last answered."},
		{Name: nameOfExpiry, Labels: []string{"use", "directory"}, Help: "When a certificate ends, the first of its chain: ldap_server, as the server showed it to the last run, ldap_client, and http, which the daemon serves. The directory is that of directories, empty for the section ldap."},
		{Name: nameOfRuns, Counter: true, Labels: []string{"outcome"}, Help: "Runs of the daemon, or with notify.textfile of each that wrote it. Skipped ones did not begin, since writing was paused or the state in use."},
		{Name: nameOfOps, Counter: true, Labels: []string{"action", "result"}, Help: "Operations by action and result."},
		{Name: nameOfCalls, Counter: true, Help: "Calls to Duo, retries included."},
		{Name: nameOfRetries, Counter: true, Help: "Calls to Duo that were made again, after a 429 or a failure."},
		{Name: nameOfThrottled, Counter: true, Help: "Calls that Duo refused with a 429, for there had been too many."},
		{Name: nameOfNext, Own: true, Help: "When the next run is due; absent while one is under way, and from notify.textfile."},
		{Name: nameOfInterval, Own: true, Help: "The longest time that schedule.cron leaves between two runs in a week."},
		{Name: nameOfReload, Own: true, Help: "1 when the configuration in force is the one that was last loaded, 0 when that was refused."},
		{Name: nameOfBuild, Own: true, Labels: []string{"version"}, Help: "1, with the version."},
	}
}
