using XLLM.NativeBackends.Ops;
using XLLM.Silo.Execution;
using XLLM.Silo.Models;

namespace XLLM.Silo.Tests.Execution;

public sealed class KvGeometryTests
{
    [Fact]
    public void LayersAt_PutsEveryLayerBehindTheOneBefore_KeysFirst()
    {
        var geometry = new KvGeometry(Layout([0, 1]), DType.F32, blockTokens: 16);

        var layers = geometry.LayersAt(pool: 4096);

        const long Half = 2 * 16 * 8 * 4;                               // heads, tokens, columns, bytes
        Assert.Equal(4 * Half, geometry.BytesPerBlock);
        Assert.Equal(new KvLayer(4096, DType.F32, 16, 2, 8, 4 * Half, 0, Half), layers[0]);
        Assert.Equal(new KvLayer(4096, DType.F32, 16, 2, 8, 4 * Half, 2 * Half, 3 * Half), layers[1]);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void LayersAt_NeverOverlap_AndStayInsideTheBlock(int seed)
    {
        var random = new Random(seed);
        for (var round = 0; round < 200; round++)
        {
            var order = Enumerable.Range(0, random.Next(1, 9)).ToArray();
            random.Shuffle(order);
            var cut = random.Next(1, order.Length + 1);
            var groups = new[] { order[..cut], order[cut..] }.Where(layers => layers.Length > 0)
                .Select(layers => new KvGroup(KvGroupKind.FullAttention, layers, random.Next(1, 5), random.Next(1, 40))).ToArray();
            var type = random.Next(2) == 0 ? DType.F32 : DType.BF16;
            var geometry = new KvGeometry(new KvLayout(groups), type, random.Next(1, 33));
            var places = geometry.LayersAt(0);

            Assert.Equal(0, geometry.BytesPerBlock % 64);
            foreach (var group in groups)
            {
                var ranges = group.Layers.SelectMany(layer => new[] { places[layer].KeyOffset, places[layer].ValueOffset }).Order().ToArray();
                var bytes = (long)group.KvHeads * group.HeadSize * geometry.BlockTokens * type.Size();
                Assert.All(ranges.Zip([.. ranges[1..], geometry.BytesPerBlock]), pair => Assert.True(pair.First + bytes <= pair.Second));
                Assert.All(ranges, offset => Assert.Equal(0, offset % 64));
            }
        }
    }

    [Fact]
    public void LayersAt_PutsIndexKeysBehindTheLatentVectors_WhereALayerHasThem()
    {
        var group = new KvGroup(KvGroupKind.Latent, [0, 1, 2], KvHeads: 1, HeadSize: 40) { Index = new([0, 2], Columns: 12) };
        var geometry = new KvGeometry(new KvLayout([group]), DType.BF16, blockTokens: 16);

        var layers = geometry.LayersAt(pool: 4096);

        const long Vectors = 16 * 40 * 2;                               // tokens, columns, bytes
        const long Keys = 16 * 12 * 2;
        Assert.Equal((3 * Vectors) + (2 * Keys), geometry.BytesPerBlock);
        Assert.Equal([0, Vectors + Keys, (2 * Vectors) + Keys], layers.Select(layer => layer.KeyOffset));
        Assert.Equal(new KvLayer(4096, DType.BF16, 16, 1, 12, geometry.BytesPerBlock, Vectors, Vectors), layers[0].IndexKeys(12));
        Assert.Equal((3 * Vectors) + Keys, layers[2].IndexKeys(12).KeyOffset);
    }

    [Fact]
    public void Constructor_NamesTheLayer_ThatIsInTwoGroups_OrInNone()
    {
        var twice = Assert.Throws<ArgumentException>(() => new KvGeometry(Layout([0, 1], [1]), DType.BF16, 16));
        var none = Assert.Throws<ArgumentException>(() => new KvGeometry(Layout([0, 2]), DType.BF16, 16));

        Assert.Contains("layer 1 is named twice", twice.Message, StringComparison.Ordinal);
        Assert.Contains("layer 2 is not one of the model's 2 layers", none.Message, StringComparison.Ordinal);
    }

    private static KvLayout Layout(params int[][] groups) =>
        new([.. groups.Select(layers => new KvGroup(KvGroupKind.FullAttention, layers, KvHeads: 2, HeadSize: 8))]);
}
