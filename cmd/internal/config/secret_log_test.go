package config_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/sirupsen/logrus"

	"duosync/cmd/internal/config"
)

// TestLogsTellNoSecrets logs a secret, by itself and within a configuration, in
// either form of log.
func TestLogsTellNoSecrets(t *testing.T) {
	t.Parallel()
	secret := config.NewSecret(planted)
	whole := config.Config{Duo: config.Duo{SecretKey: secret}}
	type inner struct{ secret *config.Secret }
	for name, form := range map[string]logrus.Formatter{"text": &logrus.TextFormatter{}, "json": &logrus.JSONFormatter{}} {
		var out bytes.Buffer
		log := logrus.New()
		log.SetOutput(&out)
		log.SetFormatter(form)
		log.WithFields(logrus.Fields{
			"secret": secret, "pointer": &secret, "config": whole, "list": []config.Secret{secret}, "map": map[string]config.Secret{"a": secret}, "inner": inner{&secret},
		}).Infof("%v %+v %#v %s %q %x %d", secret, whole, &whole, secret, secret, secret, secret)
		if got := out.String(); strings.Contains(got, planted) || !strings.Contains(got, "secret>") && !strings.Contains(got, `secret\u003e`) {
			t.Errorf("%s: %s", name, got)
		}
	}
}
