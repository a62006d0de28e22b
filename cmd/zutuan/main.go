// Command zutuan decides how a development cluster of a border economic cooperation zone gets financed. This file only
// wires; each subcommand has a file of its own.
package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"golang.org/x/term"

	"zutuan/internal/money"
)

// Exit codes.
const (
	exitOK       = 0
	exitNoOutput = 1 // the answer could not be written
	exitBadInput = 2
)

func main() {
	terminal := term.IsTerminal(int(os.Stdout.Fd())) && os.Getenv("NO_COLOR") == ""
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr, terminal, time.Now))
}

// command is one subcommand. run writes its answer to the environment's stdout and nothing else there.
type command struct {
	name   string
	usage  string
	zh, en string
	run    func(*environment, []string) error
}

func commands() []command {
	return []command{
		{"simulate", "FILE [--ledger F] [--quarters N]", "模拟组团现金流（40 个季度）", "simulate a cluster's cash flow", simulateCommand},
		{"schedule", "FILE", "编制一笔融资的还本付息计划", "draw up the schedule of one loan", scheduleCommand},
		{"match", "FILE [--ledger F] [--fiscal F] [--product ID]", "与全部融资产品匹配，逐条说明理由", "match a requirement with every product, with reasons", matchCommand},
		{"assess", "FILE [--ledger F] [--fiscal F] [--overrides F]", "现金流、产品匹配和风险提示一次给出", "cash flow, matches and risk flags in one", assessCommand},
		{"plan", "build FILE [--objective O] [--frontier] | evaluate PLAN --requirement F", "编制成本最低、期限匹配的方案，或复核已录入的方案", "build the cheapest plan whose tenor fits, or judge one typed in", planCommand},
		{"stress", "FILE [--monte-carlo N --seed S | --reverse]", "压力情景、随机模拟、反向压力", "stress scenarios, simulation by chance, reverse stress", stressCommand},
		{"facts", "[GROUP]", "规则可用的事实词典", "the dictionary of facts that rules may use", factsCommand},
		{"serve", "[--listen A] [--data F | --mongo URI] [--empty]", "启动服务（接口、任务、存储）", "run the service: API, jobs, records", serveCommand},
		{"export", "FILE", "导出全部记录及审计链", "write every record with its audit chain", exportCommand},
		{"import", "FILE", "把导出的记录装入空数据库", "fill an empty database from an export", importCommand},
		{"backup", "FILE", "在线备份数据库并校验", "copy the database while it is in use, and verify", backupCommand},
		{"verify", "", "重算全部审计链，指出第一处不符", "recompute every audit chain and name the first break", verifyCommand},
		{"replay", "ID…", "重算历史匹配或评估，逐字节比较", "compute an old match or assessment again and compare bytes", replayCommand},
		{"rules", "check [--analyse] | test [--mutate|--coverage] | draft check F | diff A B | basis [DOC] | table export|import F.csv|F.xlsx", "检查、测试、分析、比较规则，查依据，导入导出决策表", "check, test, analyse and compare rules; documents; decision tables", rulesCommand},
	}
}

// run is main without the process: arguments in, exit code out.
func run(args []string, to, stderr io.Writer, terminal bool, now func() time.Time) int {
	stdout := &sticky{to: to}
	env := &environment{stdout: stdout, stderr: stderr, terminal: terminal, now: now, language: money.Chinese}
	if len(args) == 0 || args[0] == "help" || args[0] == "-h" || args[0] == "--help" {
		printUsage(env, stdout)
		return exitOK
	}
	for _, candidate := range commands() {
		if candidate.name != args[0] {
			continue
		}
		if err := candidate.run(env, args[1:]); errors.Is(err, errHelp) {
			printUsage(env, stdout)
		} else if err != nil {
			env.report(err)
			return exitBadInput
		}
		if stdout.err != nil {
			fmt.Fprintln(stderr, env.say("答案没有写完：", "the answer could not be written: ")+stdout.err.Error())
			return exitNoOutput
		}
		return exitOK
	}
	fmt.Fprintf(stderr, "没有 %q 这个命令 / unknown command %q\n", args[0], args[0])
	printUsage(env, stderr)
	return exitBadInput
}

func printUsage(env *environment, out io.Writer) {
	fmt.Fprintln(out, "组团 zutuan：开发组团融资方案的测算、匹配与风险提示 / financing of development clusters")
	fmt.Fprintln(out)
	for _, c := range commands() {
		fmt.Fprintf(out, "  zutuan %-9s %s\n      %s / %s\n", c.name, c.usage, c.zh, c.en)
	}
	fmt.Fprintln(out, strings.Trim(`
  --json             答案为 JSON / answer as JSON
  --lang zh|en       语言，默认中文 / language
  --date 2026-06-30  评估日，默认今天 / date of the assessment
  --rules DIR        规则目录，默认内置 / rules directory, default built in
  --color auto|always|never
`, "\n"))
}
