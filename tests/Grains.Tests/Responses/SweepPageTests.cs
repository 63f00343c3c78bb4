using CsCheck;
using XLLM.Grains.Responses;

namespace XLLM.Grains.Tests.Responses;

public sealed class SweepPageTests
{
    [Fact]
    public void APage_IsDueWithinAnHour_AfterTheTimeOfItsResponses_AndItsKeyNamesIt() =>
        Gen.Select(Gen.String, Gen.Long[0, TimeSpan.FromDays(70_000).Ticks]).Sample((id, ticks) =>
        {
            var over = DateTimeOffset.UnixEpoch.AddTicks(ticks);
            var page = SweepPage.Of(id, over);

            Assert.InRange(page.Due - over, TimeSpan.FromTicks(1), TimeSpan.FromHours(1));
            Assert.Equal(page, SweepPage.Parse(page.ToString()));
            Assert.Equal(page, SweepPage.Of(id, page.Hour));
        });

    [Fact]
    public void ResponsesOfAnHour_AreSplitEvenly()
    {
        var over = new DateTimeOffset(2026, 12, 26, 15, 59, 59, TimeSpan.Zero);
        var pages = Enumerable.Range(0, 16_000).GroupBy(i => SweepPage.Of($"resp_{i:x8}", over)).ToArray();

        Assert.Equal(16, pages.Length);
        Assert.All(pages, page => Assert.InRange(page.Count(), 800, 1200));
        Assert.All(pages, page => Assert.StartsWith("2026-12-26T15/", page.Key.ToString(), StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("")]
    [InlineData("2026-12-26T15")]
    [InlineData("2026-12-26T15/16")]
    [InlineData("2026-12-26T25/1")]
    [InlineData("2026-12-26T15/-1")]
    public void AKeyOfNoPage_IsRefused(string key) => Assert.Throws<FormatException>(() => SweepPage.Parse(key));
}
