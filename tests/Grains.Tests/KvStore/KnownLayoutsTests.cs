using XLLM.Grains.KvStore;

namespace XLLM.Grains.Tests.KvStore;

public sealed class KnownLayoutsTests
{
    [Fact]
    public void ALayoutThatNobodyOpened_ForOverAWeek_IsToBeDeleted()
    {
        var known = new Dictionary<string, int>();
        Assert.Empty(KnownLayouts.Open(known, "old", 100));
        Assert.Empty(KnownLayouts.Open(known, "used", 100));
        Assert.Empty(KnownLayouts.Open(known, "used", 105));
        Assert.Empty(KnownLayouts.Open(known, "new", 107));
        Assert.Equal(["old"], KnownLayouts.Open(known, "new", 108));
        Assert.Equal(["old"], KnownLayouts.Open(known, "new", 109));       // until it is taken out of the table
        Assert.Equal((100, 105, 109), (known["old"], known["used"], known["new"]));
    }
}
