package service

import (
	"context"
	"fmt"

	"zutuan/internal/people"
	"zutuan/internal/permit"
)

// sampleUsers is one account for each role, and a second one where two people must decide.
var sampleUsers = []people.NewUser{
	{Name: "pingxiang", DisplayName: "凭祥边合区管委会", Role: permit.RoleBureau, Region: "GX-PX"},
	{Name: "lincang", DisplayName: "临沧边合区管委会", Role: permit.RoleBureau, Region: "YN-LC"},
	{Name: "manzhouli", DisplayName: "满洲里边合区管委会", Role: permit.RoleBureau, Region: "NM-MZL"},
	{Name: "liaison", DisplayName: "国家开发银行联络员", Role: permit.RoleLiaison, Institution: "cdb"},
	{Name: "liaison2", DisplayName: "国家开发银行复核员", Role: permit.RoleLiaison, Institution: "cdb"},
	{Name: "risk", DisplayName: "风险审查员", Role: permit.RoleRisk, Region: "CN"},
	{Name: "risk2", DisplayName: "风险审查员（第二人）", Role: permit.RoleRisk, Region: "CN"},
	{Name: "observer", DisplayName: "自治区商务厅", Role: permit.RoleObserver, Region: "GX"},
}

// firstStart makes the administrator where there is nobody at all, and hands in the samples unless told not to. The
// passwords are told once; only their hashes are kept.
func (s *Service) firstStart(ctx context.Context) error {
	name, password, first, err := s.People.Bootstrap(ctx)
	if err != nil || !first {
		return err
	}
	announce := func(format string, values ...any) {
		if s.config.Announce != nil {
			fmt.Fprintf(s.config.Announce, format, values...)
		}
	}
	announce("首次启动：以下密码只显示这一次，登录后须修改 / first start: these passwords are shown once and must be changed\n")
	announce("  %-10s  %-24s  %s\n", name, password, "系统管理员 / administrator")
	if s.config.Empty {
		return nil
	}
	installer := permit.SystemActor("samples")
	bureaus := map[string]permit.Actor{}
	for _, wanted := range sampleUsers {
		wanted.Reason = "示例账号 / sample account"
		made, err := s.People.CreateUser(ctx, installer, wanted)
		if err != nil {
			return fmt.Errorf("sample account %s: %w", wanted.Name, err)
		}
		announce("  %-10s  %-24s  %s\n", wanted.Name, made.Password, wanted.DisplayName)
		if wanted.Role == permit.RoleBureau {
			bureaus[wanted.Region] = permit.Actor{User: made.User.ID, Name: wanted.DisplayName, Role: wanted.Role, Region: wanted.Region}
		}
	}
	return s.Office.InstallSamples(ctx, func(region string) permit.Actor {
		if bureau, known := bureaus[region]; known {
			return bureau
		}
		return installer
	})
}
