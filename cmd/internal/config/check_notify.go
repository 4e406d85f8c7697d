package config

import (
	"errors"
	"net/url"
	"path/filepath"

	dirsync "duosync/sync"
)

func (v *validator) validateNotify(n *Notify) {
	v.Check("notify.heartbeat_url", checkWebURL(n.HeartbeatURL.Reveal()))
	if n.Textfile != "" && filepath.Ext(n.Textfile) != ".prom" && !v.Broken("notify.textfile") {
		v.Warn("notify.textfile: node-exporter reads only files whose name ends in .prom, not %s", filepath.Base(n.Textfile))
	}
}

// checkWebURL does not quote what it checks: the URL of a heartbeat is a secret.
func checkWebURL(text string) error {
	const hint = "such as https://hc-ping.com/your-uuid"
	if text == "" {
		return nil
	}
	u, err := url.Parse(text)
	if err != nil || u.Hostname() == "" || u.Scheme != "http" && u.Scheme != "https" {
		return dirsync.WithHint(errors.New("must be a URL that starts with http:// or https://"), hint)
	}
	return nil
}
