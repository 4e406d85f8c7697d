package check

import (
	"context"
	"errors"
	"fmt"
	"time"

	"duosync/cmd/internal/config"
	"duosync/cmd/internal/report/phrase"
	"duosync/cmd/internal/wire"
	"duosync/duo/api"
)

// The checks of Duo, in their order.
const (
	DuoConnection  = "Duo connection"
	DuoClock       = "Duo clock"
	DuoKeys        = "Duo keys"
	DuoApplication = "Duo application"
	DuoRead        = "Duo right to read"
	DuoWrite       = "Duo right to write"
	DuoUsers       = "Duo users"
)

// duoOrder has those that need one another.
var duoOrder = []string{DuoConnection, DuoClock, DuoKeys, DuoApplication, DuoRead, DuoWrite}

// duoCheck looks at the Duo account, with two calls.
type duoCheck struct {
	findings

	config *config.Config
	setup  wire.Setup

	counted bool // users is Duo's own count
	users   int
}

func (c *duoCheck) run(ctx context.Context) {
	client, err := wire.NewClient(c.config, c.setup)
	if err != nil {
		c.fail(DuoConnection, err, "correct section duo")
		c.skipAfter(DuoConnection, duoOrder)
		return
	}
	defer client.Close()
	users, err := client.CountUsers(ctx)
	if !c.reached(client, err) {
		c.skipAfter(DuoConnection, duoOrder)
		return
	}
	if !c.clock(client, err) {
		c.skipAfter(DuoClock, duoOrder)
		return
	}
	if errors.Is(err, api.ErrUnauthorized) {
		c.fail(DuoKeys, err, "check duo.integration_key and duo.secret_key")
		c.skipAfter(DuoKeys, duoOrder)
		return
	}
	if err != nil && !errors.Is(err, api.ErrForbidden) {
		c.fail(DuoRead, err, "try again later; see https://status.duo.com")
		c.skipAfter(DuoRead, duoOrder)
		return
	}
	c.ok(DuoKeys, "Duo accepts the key %s and its signature (version %d)", c.config.Duo.IntegrationKey, c.config.Duo.Signature)
	if api.WrongApplication(err) {
		c.fail(DuoApplication, err, "take the keys of an Admin API application")
		c.skipAfter(DuoApplication, duoOrder)
		return
	}
	c.ok(DuoApplication, "the keys are those of an Admin API application")
	if err != nil {
		c.fail(DuoRead, err, "grant the application the right \"Grant resource - Read\"")
	} else {
		c.ok(DuoRead, "users can be read")
		c.counted, c.users = users >= 0, users
	}
	if err := client.CheckWrite(ctx); err != nil {
		c.fail(DuoWrite, err, "grant the application the right \"Grant resource - Write\"")
	} else {
		c.ok(DuoWrite, "a user without a name was refused for just that; nothing was written")
	}
}

// reached reports whether it was Duo that answered.
func (c *duoCheck) reached(client *api.Client, err error) bool {
	proxy := ""
	if via := client.Proxy(); via != "" {
		proxy = " through the proxy " + via
	}
	for _, kind := range []api.Kind{api.ErrTransport, api.ErrServer, api.ErrNotDuo, api.ErrUnclear, api.ErrNotSent} {
		if errors.Is(err, kind) {
			c.fail(DuoConnection, fmt.Errorf("%s%s: %w", c.config.Duo.Host, proxy, err), "check duo.host and the network")
			return false
		}
	}
	c.ok(DuoConnection, "%s answers over TLS%s", c.config.Duo.Host, proxy)
	return true
}

// clock compares Duo's clock with this machine's. It reports whether Duo accepts
// the difference.
func (c *duoCheck) clock(client *api.Client, err error) bool {
	const advice = "set this machine's clock right, by NTP"
	ahead, known := client.Skew()
	var refused *api.Error
	if known && ahead.Abs() > api.MaxSkew || errors.As(err, &refused) && refused.Code == 40105 {
		if !known {
			c.fail(DuoClock, err, advice)
			return false
		}
		c.fail(DuoClock, fmt.Errorf("the clock of Duo is %s, and it refuses what is more than %s off", apart(ahead), phrase.Span(api.MaxSkew)), advice)
		return false
	}
	switch {
	case !known:
		c.note(DuoClock, advice, "Duo's answer did not tell the time")
	case ahead.Abs() > time.Minute:
		c.note(DuoClock, advice, "Duo's clock is %s; it refuses what is more than %s off", apart(ahead), phrase.Span(api.MaxSkew))
	case ahead.Abs() > 2*time.Second: // it is told in whole seconds
		c.ok(DuoClock, "Duo's clock is %s", apart(ahead))
	default:
		c.ok(DuoClock, "this machine's clock agrees with Duo's")
	}
	return true
}

func apart(ahead time.Duration) string {
	if ahead < 0 {
		return phrase.Span(ahead) + " behind this machine's"
	}
	return phrase.Span(ahead) + " ahead of this machine's"
}

// compareUsers holds the users that Duo has against those that the state knows
// as ours.
func compareUsers(f *findings, users, links int) {
	switch {
	case links > users:
		f.note(DuoUsers, "some were deleted in Duo: `duosync sync --dry-run --refresh` shows whom", "Duo has %s, the state has %s as ours",
			phrase.Quantity(users, "user", "users"), phrase.Quantity(links, "user", "users"))
	case links == 0 && users > 0:
		f.note(DuoUsers, "a user whose name is in Duo already is reported and left alone; sync.existing says how they are taken over. "+
			"If duosync has made them, the state was lost: bring it back", "Duo has %s, the state none", phrase.Quantity(users, "user", "users"))
	default:
		f.ok(DuoUsers, "Duo has %s, %d of them ours", phrase.Quantity(users, "user", "users"), links)
	}
}
