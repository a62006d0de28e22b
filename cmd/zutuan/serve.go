package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"zutuan/internal/httpapi"
	"zutuan/internal/people/oidc"
	"zutuan/internal/service"
)

// stopTime is how long accepted requests and running jobs have to finish after a signal.
const stopTime = 30 * time.Second

// serveFlags are how the service runs. What a deployment fixes has an environment variable too.
type serveFlags struct {
	databaseFlags
	listen, proxies, logs string
	empty                 bool
	drain                 time.Duration
	openID                oidc.Config
}

func (s *serveFlags) register(flags *flag.FlagSet) {
	s.databaseFlags.register(flags)
	flags.StringVar(&s.listen, "listen", fromEnvironment("ZUTUAN_LISTEN", "127.0.0.1:8080"), "")
	flags.StringVar(&s.proxies, "trusted-proxies", fromEnvironment("ZUTUAN_TRUSTED_PROXIES", ""), "")
	flags.StringVar(&s.logs, "log", fromEnvironment("ZUTUAN_LOG", "text"), "")
	flags.BoolVar(&s.empty, "empty", false, "")
	flags.DurationVar(&s.drain, "drain", 0, "")
	flags.StringVar(&s.openID.Issuer, "oidc-issuer", fromEnvironment("ZUTUAN_OIDC_ISSUER", ""), "")
	flags.StringVar(&s.openID.ClientID, "oidc-client", fromEnvironment("ZUTUAN_OIDC_CLIENT", ""), "")
	flags.StringVar(&s.openID.RedirectURL, "oidc-redirect", fromEnvironment("ZUTUAN_OIDC_REDIRECT", ""), "")
	// The secret is taken from the environment alone: a command line can be read by every user of the machine.
	s.openID.ClientSecret = fromEnvironment("ZUTUAN_OIDC_SECRET", "")
}

func fromEnvironment(name, fallback string) string {
	if value, set := os.LookupEnv(name); set {
		return value
	}
	return fallback
}

func (s *serveFlags) logger(to io.Writer) (*slog.Logger, error) {
	switch s.logs {
	case "json":
		return slog.New(slog.NewJSONHandler(to, nil)), nil
	case "text":
		return slog.New(slog.NewTextHandler(to, nil)), nil
	}
	return nil, usageError{fmt.Sprintf("--log 应为 text 或 json，现在是 %q", s.logs), fmt.Sprintf("--log is text or json, not %q", s.logs)}
}

// serveCommand runs the service until it is told to stop.
func serveCommand(env *environment, args []string) error {
	var serve serveFlags
	files, err := env.parse("serve", args, serve.register)
	if err != nil {
		return err
	}
	if len(files) > 0 {
		return usageError{"serve 不带文件", "serve takes no file"}
	}
	logger, err := serve.logger(env.stderr)
	if err != nil {
		return err
	}
	service.TuneCollector()
	ctx, stop := interruptible()
	defer stop()
	records, err := serve.open(ctx, env, true)
	if err != nil {
		return err
	}
	config := service.Config{Store: records, Rules: env.rulesFS(), Listen: serve.listen, Empty: serve.empty, Announce: env.stdout, Clock: env.now, Logger: logger, OpenID: serve.openID,
		HTTP: httpapi.Config{Drain: serve.drain, TrustedProxies: listOf(serve.proxies)}}
	running, err := service.Start(ctx, config)
	if err != nil {
		return errors.Join(env.refusedByStore(err), records.Close())
	}
	env.line(env.say("服务已启动：http://", "serving at http://"), running.Address(), env.say("/api （接口说明）", "/api (description)"))
	select {
	case <-ctx.Done():
	case err = <-running.Wait():
	}
	// A second signal ends the process at once.
	stop()
	ending, cancel := context.WithTimeout(context.Background(), stopTime)
	defer cancel()
	return errors.Join(err, running.Stop(ending), records.Close())
}

func listOf(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(text, ",")
}

// interruptible ends its context at Ctrl-C or a request to terminate.
func interruptible() (context.Context, context.CancelFunc) {
	return signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
}
