package commands

import (
	"cmp"
	"log/slog"
	"net"
	"os"
	"strconv"

	"nightlatch.example/nightlatch/internal/wiring"
)

// Flags are the configuration as it is written: each is a flag and an
// environment variable, and an empty one takes its default. Those of the site
// are in wiring.Options; the others are about the process that serves it. One
// that may hold a secret can also be read from a file: see env.go.
type Flags struct {
	Addr string `env:"NIGHTLATCH_ADDR" default:"127.0.0.1:8080" help:"Listen address: HOST:PORT, unix:PATH or systemd."`
	wiring.Options
	Views       string `env:"NIGHTLATCH_VIEWS" placeholder:"FOLDER" help:"Folder whose templates and static files replace the built-in ones by name."`
	MetricsAddr string `env:"NIGHTLATCH_METRICS_ADDR" placeholder:"HOST:PORT" help:"Separate listener for /metrics; empty is off."`
	Log         string `env:"NIGHTLATCH_LOG" default:"info" help:"debug, info, warn or error."`
}

// settings are the configuration, checked.
type settings struct {
	wiring.Settings
	addr, metrics string
}

// check turns flags into settings. It stops at the first bad value with one
// sentence that names the variable. A value that may hold a secret is not
// shown.
func (f *Flags) check(std Streams) (s settings, err error) {
	if err := f.readFiles(); err != nil {
		return s, err
	}
	if err := wiring.Clean(*f); err != nil {
		return s, err
	}
	shipped := wiring.Defaults(*f)
	if s.addr, err = listenAddress("NIGHTLATCH_ADDR", cmp.Or(f.Addr, shipped["NIGHTLATCH_ADDR"])); err != nil {
		return s, err
	}
	if s.metrics, err = hostPort("NIGHTLATCH_METRICS_ADDR", f.MetricsAddr); err != nil {
		return s, err
	}
	if err := apart(s.addr, s.metrics); err != nil {
		return s, err
	}
	var level slog.Level
	if err := level.UnmarshalText([]byte(cmp.Or(f.Log, shipped["NIGHTLATCH_LOG"]))); err != nil {
		return s, wiring.BadValue("NIGHTLATCH_LOG", "must be debug, info, warn or error, not %q", f.Log)
	}
	o := f.Options
	o.Log = newLog(std.Err, level)
	if f.Views != "" {
		if info, err := os.Stat(f.Views); err != nil || !info.IsDir() {
			return s, wiring.BadValue("NIGHTLATCH_VIEWS", "must be a folder, and %q is none", f.Views)
		}
		o.Views = os.DirFS(f.Views)
	}
	s.Settings, err = o.Check()
	s.Progress = toTerminal(std.Err)
	return s, err
}

func hostPort(name, value string) (string, error) {
	if value == "" {
		return "", nil
	}
	_, port, err := net.SplitHostPort(value)
	n, notNumber := strconv.Atoi(port)
	if err != nil || notNumber != nil || n < 0 || n > 65535 {
		return "", wiring.BadValue(name, "must look like 127.0.0.1:8080 or :8080, not %q", value)
	}
	return value, nil
}

// apart refuses the same address for two listeners. Port 0 is a different free
// port each time.
func apart(addr, metrics string) error {
	if _, port, err := net.SplitHostPort(addr); err == nil && port != "0" && addr == metrics {
		return wiring.BadValue("NIGHTLATCH_METRICS_ADDR", "is %s, the address of NIGHTLATCH_ADDR: give it another port", metrics)
	}
	return nil
}
