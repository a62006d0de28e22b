package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"zutuan/api"
	"zutuan/internal/casework"
	"zutuan/internal/document"
	"zutuan/internal/funding"
	"zutuan/internal/match"
	"zutuan/internal/refuse"
	"zutuan/internal/rulepack"
)

// caseInput is what the bodies of stateless operations have in common.
type caseInput struct {
	requirement json.RawMessage
	ledger      *json.RawMessage
	fiscal      *json.RawMessage
	date        *string
	overrides   *[]api.ParameterOverride
	products    *[]string
	packs       *[]string
	detail      match.Detail
}

// paper names, under which the strict readers report problems; each is also the place in the body.
const (
	paperRequirement = "requirement"
	paperLedger      = "ledger"
	paperLedgerCSV   = "ledger/csv"
	paperFiscal      = "fiscal"
	paperPlan        = "plan"
)

// papers takes the documents out of a body. A ledger is CSV text or a list; which of the two it is decides where its
// problems are pointed at.
func (in *caseInput) papers() (casework.Papers, error) {
	papers := casework.Papers{Requirement: casework.File{Name: paperRequirement, Data: in.requirement}}
	if in.fiscal != nil {
		papers.Fiscal = casework.File{Name: paperFiscal, Data: *in.fiscal}
	}
	if in.ledger == nil {
		return papers, nil
	}
	var ledger struct {
		CSV  *string         `json:"csv"`
		AsOf string          `json:"as_of"`
		List json.RawMessage `json:"instruments"`
	}
	if err := json.Unmarshal(*in.ledger, &ledger); err != nil {
		return papers, fmt.Errorf("read a ledger whose form was checked: %w", err)
	}
	switch {
	case ledger.CSV != nil && ledger.List != nil, ledger.CSV == nil && ledger.List == nil:
		return papers, refuse.New(refuse.KindInvalid, "document", "台账应写 csv 或 instruments 其中之一", "a ledger has either csv or instruments").
			With(pointAt("/ledger", "one_of", "写 csv 或 instruments 其中之一", "write either csv or instruments"))
	case ledger.CSV == nil:
		papers.Ledger = casework.File{Name: paperLedger, Data: *in.ledger}
		return papers, nil
	}
	papers.Ledger = casework.File{Name: paperLedgerCSV, Data: []byte(*ledger.CSV)}
	if ledger.AsOf == "" {
		return papers, nil
	}
	var err error
	papers.LedgerAsOf, err = dayOf(ledger.AsOf, "/ledger/as_of")
	return papers, err
}

// dayOf reads a day whose form was checked; it may still not be in the calendar.
func dayOf(text, pointer string) (time.Time, error) {
	day, err := document.ParseDate(text)
	if err != nil {
		return day, refuse.Newf(refuse.KindInvalid, "date", "%q 不是 1950 至 2199 年间的日期", "%q is not a day of the years 1950 to 2199", text).
			With(pointAt(pointer, "date", "应写成 2026-06-30", "is written 2026-06-30"))
	}
	return day, nil
}

// dateOr is the day that a request names, else today.
func (s *Server) dateOr(text *string, pointer string) (time.Time, error) {
	if text == nil {
		return s.config.Today(), nil
	}
	return dayOf(*text, pointer)
}

// open reads everything in a body that describes a case, and gives the rules to look at it with.
func (s *Server) open(ctx context.Context, in caseInput) (*casework.Desk, *casework.Case, casework.Asked, error) {
	asked := casework.Asked{Detail: in.detail}
	desk, err := s.config.Rules(ctx)
	if err != nil {
		return nil, nil, asked, err
	}
	if asked.Date, err = s.dateOr(in.date, "/date"); err != nil {
		return nil, nil, asked, err
	}
	papers, err := in.papers()
	if err != nil {
		return nil, nil, asked, err
	}
	kase, err := casework.ReadCase(papers)
	if err != nil {
		return nil, nil, asked, paperRefusal(err)
	}
	if err := in.ask(desk.Library, &asked); err != nil {
		return nil, nil, asked, err
	}
	return desk, kase, asked, nil
}

// ask reads the overrides, products and packs that a body names, and reports all that do not exist.
func (in *caseInput) ask(library *rulepack.Library, asked *casework.Asked) error {
	var points []refuse.Point
	if in.products != nil {
		var known []string
		for _, product := range library.Products {
			known = append(known, product.ID)
		}
		asked.Products = *in.products
		points = append(points, unknownNames("/products", *in.products, known)...)
	}
	if in.packs != nil {
		var known []string
		for _, pack := range library.RiskPacks {
			known = append(known, pack.ID)
		}
		asked.Packs = *in.packs
		points = append(points, unknownNames("/packs", *in.packs, known)...)
	}
	if in.overrides != nil {
		for i, given := range *in.overrides {
			override, found := overrideOf(given, fmt.Sprintf("/overrides/%d", i), library.Parameters)
			asked.Overrides = append(asked.Overrides, override)
			points = append(points, found...)
		}
	}
	if len(points) == 0 {
		return nil
	}
	return refuse.New(refuse.KindInvalid, "reference", "请求引用了不存在或不能用的内容，请逐条更正", "the request names what does not exist or cannot be used; mend each").With(points...)
}

func unknownNames(pointer string, names, known []string) []refuse.Point {
	exists := map[string]bool{}
	for _, name := range known {
		exists[name] = true
	}
	var points []refuse.Point
	for i, name := range names {
		if exists[name] {
			continue
		}
		near := document.Nearest(name, known)
		if len(near) == 0 {
			near = known
		}
		list := strings.Join(near, ", ")
		points = append(points, pointAt(fmt.Sprintf("%s/%d", pointer, i), "unknown_name", fmt.Sprintf("没有 %q；有 %s", name, list), fmt.Sprintf("there is no %q; there are %s", name, list)))
	}
	return points
}

func overrideOf(given api.ParameterOverride, pointer string, parameters *rulepack.Parameters) (funding.ParameterOverride, []refuse.Point) {
	override := funding.ParameterOverride{Region: given.Region, Parameter: given.Parameter, Value: given.Value, Who: given.Who, Why: given.Why}
	var err error
	if override.Until, err = dayOf(given.Until, pointer+"/until"); err != nil {
		var told *refuse.Error
		errors.As(err, &told)
		return override, told.Points
	}
	if wrong := rulepack.CheckOverride(override, parameters); wrong.ZH != "" {
		return override, []refuse.Point{pointAt(pointer, "override", wrong.ZH, wrong.EN)}
	}
	return override, nil
}

// paperRefusal tells the problems of a body's documents with their place in the body. Lines are those of a text within the
// body, so that they are kept for CSV alone.
func paperRefusal(err error) error {
	var problems document.Problems
	if !errors.As(err, &problems) {
		return err
	}
	all := refuse.Problems(nil, "")
	for _, p := range problems {
		if p.File == paperLedgerCSV {
			all.With(refuse.Point{Code: p.Code, Pointer: "/ledger/csv", Path: p.Path, Line: p.Line, Column: p.Column, ZH: p.ZH, EN: p.EN})
			continue
		}
		prefix := ""
		if p.File != "" {
			prefix = "/" + p.File
		}
		place := refuse.Problems(document.Problems{{Path: p.Path, Code: p.Code, ZH: p.ZH, EN: p.EN}}, prefix)
		place.Points[0].Path = ""
		all.With(place.Points...)
	}
	return all
}
