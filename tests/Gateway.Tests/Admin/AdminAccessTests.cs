using System.Net;
using System.Text;
using XLLM.Gateway.Admin;

namespace XLLM.Gateway.Tests.Admin;

public sealed class AdminAccessTests
{
    private const string Key = "0123456789abcdef";
    private static readonly IPAddress Elsewhere = IPAddress.Parse("10.1.2.3");

    [Theory]
    [InlineData("Bearer 0123456789abcdef", true)]
    [InlineData("bearer 0123456789abcdef", true)]
    [InlineData("Bearer 0123456789abcdeg", false)]
    [InlineData("Bearer 0123456789abcde", false)]
    [InlineData("Bearer ", false)]
    [InlineData("0123456789abcdef", false)]
    [InlineData("", false)]
    [InlineData("Basic !!!", false)]
    public void WithAKey_WhoShowsItMay_WhereverFrom(string authorization, bool may)
    {
        var (who, refusal) = AdminAccess.Decide(Key, new AdminCaller(Elsewhere, authorization, "xllm.example", null, Forwarded: true));

        Assert.Equal(may ? "admin key, from 10.1.2.3" : null, who);
        Assert.Equal(may, refusal is null);
        Assert.DoesNotContain(Key, refusal ?? "", StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("0123456789abcdef", true)]
    [InlineData("wrong", false)]
    public void WithAKey_ABrowserMayShowItAsAPassword(string password, bool may) =>
        Assert.Equal(may, AdminAccess.Decide(Key, Caller(authorization: $"Basic {Convert.ToBase64String(Encoding.UTF8.GetBytes($"any:{password}"))}")).Who is not null);

    [Fact]
    public void WithAKey_ThisMachineMustShowItToo() => Assert.NotNull(AdminAccess.Decide(Key, Caller()).Refusal);

    [Theory]
    [InlineData("127.0.0.1", "127.0.0.1", null, false, true)]
    [InlineData("::1", "localhost", null, false, true)]
    [InlineData("::ffff:127.0.0.1", "[::1]", null, false, true)]
    [InlineData("127.0.0.1", "LOCALHOST", "http://localhost:8080", false, true)]
    [InlineData("10.1.2.3", "127.0.0.1", null, false, false)]
    [InlineData("127.0.0.1", "127.0.0.1", null, true, false)]
    [InlineData("127.0.0.1", "attacker.example", null, false, false)]
    [InlineData("127.0.0.1", "127.0.0.1", "https://attacker.example", false, false)]
    [InlineData("127.0.0.1", "127.0.0.1", "null", false, false)]
    [InlineData("127.0.0.1", "127.0.0.1", "http://localhost.attacker.example", false, false)]
    public void WithoutAKey_OnlyThisMachineMay_ByItsOwnName_AndNoPageOfAnotherSite(string address, string host, string? origin, bool forwarded, bool may)
    {
        var (who, refusal) = AdminAccess.Decide("", new AdminCaller(IPAddress.Parse(address), "", host, origin, forwarded));

        Assert.Equal(may, who is not null);
        Assert.Equal(!may, refusal?.Contains("AdminKey", StringComparison.Ordinal) ?? false);
    }

    [Fact]
    public void WithoutAKey_AConnectionWithoutAnAddressMayNot() => Assert.NotNull(AdminAccess.Decide("", new AdminCaller(null, "", "localhost", null, Forwarded: false)).Refusal);

    private static AdminCaller Caller(string authorization = "") => new(IPAddress.Loopback, authorization, "127.0.0.1", null, Forwarded: false);
}
