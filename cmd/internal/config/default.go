package config

import (
	"time"

	"duosync/ldapsrc/schema"
	dirsync "duosync/sync"
)

// Default returns the configuration of an empty file, before paths are made
// absolute. It lacks what has no default: Duo's host and keys.
func Default() Config {
	usual, _ := presetOf(schema.WSO2IS)
	return Config{
		LDAP: usual.config.LDAP,
		Duo: Duo{
			Signature:   5,
			Timeout:     30 * time.Second, // and an automatic rate
			Bulk:        "auto",
			MaxInFlight: 4,
		},
		State: State{DSN: NewSecret("duosync.db"), KeepHistory: 9600 * time.Hour},
		Sync: Sync{
			Mapping: Mapping{
				Username: usual.config.Sync.Mapping.Username, Realname: "cn", Firstname: "givenName", Lastname: "sn", Email: "mail",
				Status: StatusPreset,
			},
			Normalize:    Normalize{Username: "lower", PhoneRegion: "US"},
			Phones:       PhoneRules{On: "create", Taken: "conflict"},
			Groups:       GroupRules{Existing: "report", WhenUnmirrored: "keep"},
			Existing:     "report",
			OnMissing:    Removal{Action: "disable", Then: "trash", Grace: 720 * time.Hour},
			OnOutOfScope: Removal{Action: "disable", Then: "keep", Grace: 720 * time.Hour},
			Limits: Limits{
				MaxRemove: dirsync.Percent(5), MaxUpdate: dirsync.Percent(30), MaxEnable: dirsync.Percent(5), MaxCreate: dirsync.Limit{Off: true},
				MaxRecreate: dirsync.Percent(5), MaxGroupLoss: dirsync.Percent(50), MaxGroupDelete: dirsync.Percent(10),
				MinSource: dirsync.Percent(90), MinAttribute: dirsync.Percent(50), Floor: 5,
			},
			RefreshEvery: 24 * time.Hour,
			Drift:        Drift{Otherwise: "enforce"},
		},
		Enroll:   Enroll{MaxPerRun: 50},
		Schedule: Schedule{Cron: "*/30 * * * *", Timezone: "UTC", Jitter: time.Minute, AtStart: true},
		Notify:   Notify{WebhookFormat: "json", On: []string{"failure", "held", "conflict"}},
		Audit:    Audit{Format: "ocsf"},
	}
}
