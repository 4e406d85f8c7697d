package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/sirupsen/logrus"

	"duosync/cmd/internal/config"
	"duosync/duo/api"
)

// The checks of Duo, in their order.
const (
	checkDuoConnection  = "Duo connection"
	checkDuoClock       = "Duo clock"
	checkDuoKeys        = "Duo keys"
	checkDuoApplication = "Duo application"
	checkDuoRead        = "Duo right to read"
	checkDuoWrite       = "Duo right to write"
	checkDuoUsers       = "Duo users"
)

// duoCheck looks at the Duo account, with two calls.
type duoCheck struct {
	findings

	config *config.Config
	log    *logrus.Logger

	counted bool // users is Duo's own count
	users   int
}

func (c *duoCheck) run(ctx context.Context) {
	client, err := duoClient(c.config, api.Rate{}, timing{}, c.log) // two calls need no pacing
	if err != nil {
		c.fail(checkDuoConnection, err, "correct section duo")
		c.skip(checkDuoConnection, checkDuoClock, checkDuoKeys, checkDuoApplication, checkDuoRead, checkDuoWrite)
		return
	}
	defer client.Close()
	users, err := client.CountUsers(ctx)
	if !c.reached(client, err) {
		c.skip(checkDuoConnection, checkDuoClock, checkDuoKeys, checkDuoApplication, checkDuoRead, checkDuoWrite)
		return
	}
	if !c.clock(client, err) {
		c.skip(checkDuoClock, checkDuoKeys, checkDuoApplication, checkDuoRead, checkDuoWrite)
		return
	}
	if errors.Is(err, api.ErrUnauthorized) {
		c.fail(checkDuoKeys, err, "check duo.integration_key and duo.secret_key")
		c.skip(checkDuoKeys, checkDuoApplication, checkDuoRead, checkDuoWrite)
		return
	}
	if err != nil && !errors.Is(err, api.ErrForbidden) {
		c.fail(checkDuoRead, err, "try again later; see https://status.duo.com")
		c.skip(checkDuoRead, checkDuoWrite)
		return
	}
	c.ok(checkDuoKeys, "Duo accepts the key %s and its signature (version %d)", c.config.Duo.IntegrationKey, c.config.Duo.Signature)
	if api.WrongApplication(err) {
		c.fail(checkDuoApplication, err, "take the keys of an Admin API application")
		c.skip(checkDuoApplication, checkDuoRead, checkDuoWrite)
		return
	}
	c.ok(checkDuoApplication, "the keys are those of an Admin API application")
	if err != nil {
		c.fail(checkDuoRead, err, "grant the application the right \"Grant resource - Read\"")
	} else {
		c.ok(checkDuoRead, "users can be read")
		c.counted, c.users = users >= 0, users
	}
	if err := client.CheckWrite(ctx); err != nil {
		c.fail(checkDuoWrite, err, "grant the application the right \"Grant resource - Write\"")
	} else {
		c.ok(checkDuoWrite, "a user without a name was refused for just that; nothing was written")
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
			c.fail(checkDuoConnection, fmt.Errorf("%s%s: %w", c.config.Duo.Host, proxy, err), "check duo.host and the network")
			return false
		}
	}
	c.ok(checkDuoConnection, "%s answers over TLS%s", c.config.Duo.Host, proxy)
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
			c.fail(checkDuoClock, err, advice)
			return false
		}
		c.fail(checkDuoClock, fmt.Errorf("the clock of Duo is %s, and it refuses what is more than %s off", apart(ahead), span(api.MaxSkew)), advice)
		return false
	}
	switch {
	case !known:
		c.note(checkDuoClock, advice, "Duo's answer did not tell the time")
	case ahead.Abs() > time.Minute:
		c.note(checkDuoClock, advice, "Duo's clock is %s; it refuses what is more than %s off", apart(ahead), span(api.MaxSkew))
	case ahead.Abs() > 2*time.Second: // it is told in whole seconds
		c.ok(checkDuoClock, "Duo's clock is %s", apart(ahead))
	default:
		c.ok(checkDuoClock, "this machine's clock agrees with Duo's")
	}
	return true
}

func apart(ahead time.Duration) string {
	if ahead < 0 {
		return span(ahead) + " behind this machine's"
	}
	return span(ahead) + " ahead of this machine's"
}

// compareUsers holds the users that Duo has against those that the state knows
// as ours.
func compareUsers(f *findings, users, links int) {
	switch {
	case links > users:
		f.note(checkDuoUsers, "some were deleted in Duo: duosync sync --dry-run --refresh shows whom", "Duo has %s, the state has %s as ours",
			quantity(users, "user", "users"), quantity(links, "user", "users"))
	case links == 0 && users > 0:
		f.note(checkDuoUsers, "a user whose name is in Duo already is reported and left alone; sync.existing says how they are taken over. "+
			"If duosync has made them, the state was lost: bring it back", "Duo has %s, the state none", quantity(users, "user", "users"))
	default:
		f.ok(checkDuoUsers, "Duo has %s, %d of them ours", quantity(users, "user", "users"), links)
	}
}
