using XLLM.Silo.Transfer;
using XLLM.Silo.Transfer.Forms;

namespace XLLM.Silo.Tests.Transfer;

public sealed class PacketWarmUpTests
{
    [Theory]
    [InlineData(nameof(KvForm.Exact), 192)]
    [InlineData(nameof(KvForm.Zstd), 192)]
    [InlineData(nameof(KvForm.Zstd), 1 << 20)]
    [InlineData(nameof(KvForm.Int8), 4096)]
    public void EveryRound_SealsAndOpensABlock_UntilEnoughWereDone(string kindName, int blockBytes)
    {
        using var forms = new KvForms(sizeof(float));
        var warmUp = new PacketWarmUp(forms[Enum.Parse<KvForm>(kindName)], blockBytes);

        for (var round = 0; round < 3; round++)
        {
            Assert.True(warmUp.Run());
        }

        Assert.False(warmUp.IsDone);
        while (!warmUp.IsDone)
        {
            Assert.True(warmUp.Run());
        }
    }
}
