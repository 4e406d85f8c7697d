package afterrun

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"duosync/cmd/internal/config"
	"duosync/cmd/internal/notify/channel"
)

// heartbeatTimeout bounds a heartbeat.
const heartbeatTimeout = 10 * time.Second

// beat calls notify.heartbeat_url. Path, query and user of such a URL are what
// lets anyone call it, so errors name its host at most, also where a server or a proxy
// repeats what it was sent.
func beat(ctx context.Context, address config.Secret, version string) error {
	ctx, cancel := context.WithTimeout(ctx, heartbeatTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address.Reveal(), nil)
	if err != nil {
		return errors.New("notify.heartbeat_url: is not a URL")
	}
	request.Header.Set("User-Agent", "duosync/"+version)
	proxy, err := http.ProxyFromEnvironment(request)
	if err != nil { // its text holds the whole URL
		return errors.New("notify.heartbeat_url: the proxy in HTTP_PROXY or HTTPS_PROXY is not a URL")
	}
	client := &http.Client{Transport: &http.Transport{Proxy: http.ProxyFromEnvironment, DisableKeepAlives: true}}
	answer, err := client.Do(request)
	if err != nil {
		if outer, ok := errors.AsType[*url.Error](err); ok {
			err = outer.Err // without the URL
		}
		const most = 200 // characters
		return fmt.Errorf("notify.heartbeat_url: %s: %s", request.URL.Hostname(), channel.Confidential(request.URL, proxy).Line(err.Error(), most))
	}
	_ = answer.Body.Close() // what it says is of no use
	if answer.StatusCode < 200 || answer.StatusCode > 299 {
		return fmt.Errorf("notify.heartbeat_url: %s answered %d", request.URL.Hostname(), answer.StatusCode)
	}
	return nil
}
