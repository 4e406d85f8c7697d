package certificate

import (
	"bytes"
	"crypto/x509"
	"encoding/asn1"
	"encoding/base64"
	"fmt"
	"strings"

	dirsync "duosync/sync"
	"duosync/sync/printed"
)

// makePEM is the advice to make PEM of a file, by an openssl command.
func makePEM(name, command string) string {
	return fmt.Sprintf("make PEM of it, and name that file: `openssl %s -in %s -out %s`", command, printed.ShellWord(name), printed.ShellWord(name+".pem"))
}

// encoding tells of a text that is not in the encoding of PEM, in which a byte order mark
// hides the first block.
func encoding(name string, data []byte) error {
	switch {
	case len(bytes.TrimSpace(data)) == 0:
		return dirsync.WithHint(fmt.Errorf("%s is empty", name), "write the PEM text into it, from BEGIN to END")
	case bytes.HasPrefix(data, []byte("\xef\xbb\xbf")):
		return dirsync.WithHint(fmt.Errorf("%s begins with a byte order mark, which hides what stands first in it", name),
			"take the mark off: `sed -i '1s/^\\xEF\\xBB\\xBF//' "+printed.ShellWord(name)+"`")
	case bytes.HasPrefix(data, []byte("\xff\xfe")), bytes.HasPrefix(data, []byte("\xfe\xff")):
		return dirsync.WithHint(fmt.Errorf("%s is UTF-16 text", name),
			"make UTF-8 of it, and name that file: `iconv -f UTF-16 -t UTF-8 -o "+printed.ShellWord(name+".pem")+" "+printed.ShellWord(name)+"`")
	}
	return nil
}

// otherBlock tells of a PEM file with something else in it than certificates.
func otherBlock(name, kind string) error {
	what, hint := "no certificate, but a block "+kind, "give the file with the certificate"
	switch {
	case kind == "PKCS7" || kind == "CMS":
		what, hint = "its certificates in a PKCS#7 bundle", makePEM(name, "pkcs7 -print_certs")
	case kind == "TRUSTED CERTIFICATE" || kind == "X509 CERTIFICATE":
		what, hint = "a certificate in openssl's own form ("+kind+")", makePEM(name, "x509")
	case strings.HasSuffix(kind, "PRIVATE KEY"):
		what, hint = "a private key, and no certificate", "give the file with the certificate, and keep the key to yourself"
	case kind == "CERTIFICATE REQUEST" || kind == "NEW CERTIFICATE REQUEST":
		what, hint = "a request for a certificate, and none", "give the certificate that the authority made of it"
	}
	return dirsync.WithHint(fmt.Errorf("%s holds %s", name, what), hint)
}

// otherForm tells what a file without a PEM block holds.
func otherForm(name string, data []byte) error {
	form, hint := "no PEM text", "give a file with -----BEGIN CERTIFICATE----- in it"
	switch {
	case isDER(data):
		form, hint = "a certificate in DER form", makePEM(name, "x509 -inform der")
	case isPKCS7(data):
		form, hint = "its certificates in a PKCS#7 bundle in DER form", makePEM(name, "pkcs7 -inform der -print_certs")
	case isPKCS12(data):
		form, hint = "a PKCS#12 bundle", makePEM(name, "pkcs12 -nokeys")
	case bytes.HasPrefix(data, []byte{0xfe, 0xed, 0xfe, 0xed}):
		form, hint = "a Java keystore", "take the certificate out of it, and name that file: `keytool -exportcert -rfc -keystore "+printed.ShellWord(name)+" -alias ALIAS -file "+printed.ShellWord(name+".pem")+"`"
	case isBareBase64(data):
		form, hint = "a certificate without its first and last line", "write -----BEGIN CERTIFICATE----- before it and -----END CERTIFICATE----- after it, each on a line of its own"
	case bytes.Contains(data, []byte("-----BEGIN ")):
		form, hint = "PEM text that is cut off or broken", "copy it anew, from BEGIN to END, each on a line of its own"
	}
	return dirsync.WithHint(fmt.Errorf("%s holds %s", name, form), hint)
}

func isDER(data []byte) bool {
	found, err := x509.ParseCertificates(data)
	return err == nil && len(found) > 0
}

// isPKCS7 knows signed data, in which certificates go (RFC 5652, 3 and 5.1).
func isPKCS7(data []byte) bool {
	var info struct {
		Type    asn1.ObjectIdentifier
		Content asn1.RawValue `asn1:"explicit,optional,tag:0"`
	}
	_, err := asn1.Unmarshal(data, &info)
	return err == nil && info.Type.Equal(asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 2})
}

// isPKCS12 knows a PFX (RFC 7292, 4), also where its lengths are open, as in BER.
func isPKCS12(data []byte) bool {
	const most = 16
	head := data[:min(len(data), most)]
	return len(head) > 2 && head[0] == 0x30 && bytes.Contains(head, []byte{0x02, 0x01, 0x03, 0x30})
}

func isBareBase64(data []byte) bool {
	der, err := base64.StdEncoding.DecodeString(string(bytes.Join(bytes.Fields(data), nil)))
	return err == nil && isDER(der)
}
