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

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void StatesAt_PutsEveryMatrixAndRowIntoTheBlocksOfAState_WhereNoOtherIs(int seed)
    {
        var random = new Random(seed);
        for (var round = 0; round < 100; round++)
        {
            var layers = Enumerable.Range(0, random.Next(2, 8)).ToArray();
            random.Shuffle(layers);
            var state = new KvState(random.Next(1, 6), random.Next(1, 20), random.Next(1, 20), random.Next(1, 200), random.Next(0, 5));
            var geometry = new KvGeometry(
                new KvLayout([KvGroup.OfStates(layers[1..], state), new KvGroup(KvGroupKind.FullAttention, [layers[0]], random.Next(1, 4), random.Next(1, 30))]), DType.BF16, random.Next(1, 20));

            var taken = new HashSet<(int Block, long Offset)>();
            var ends = new Dictionary<int, List<(long Start, long End)>>();
            foreach (var place in layers[1..].Select(layer => geometry.StatesAt(64)[layer]))
            {
                Assert.Equal((64, geometry.BytesPerBlock, geometry.StateBlocks), (place.Pool, place.BlockStride, place.Blocks));
                for (var matrix = place.FirstMatrix; matrix < place.FirstMatrix + state.Heads; matrix++)
                {
                    Take(matrix / place.MatricesPerBlock, matrix % place.MatricesPerBlock * place.MatrixBytes, place.MatrixBytes);
                }

                for (var row = place.FirstRow; row < place.FirstRow + state.Window; row++)
                {
                    Take(place.FirstRowBlock + (row / place.RowsPerBlock), row % place.RowsPerBlock * place.RowBytes, place.RowBytes);
                }
            }

            Assert.Equal(geometry.StateBlocks, ends.Count);         // none is lent for nothing

            void Take(int block, long start, long bytes)
            {
                Assert.InRange(block, 0, geometry.StateBlocks - 1);
                Assert.True(start + bytes <= geometry.BytesPerBlock);
                Assert.True(taken.Add((block, start)));
                var ranges = ends.TryGetValue(block, out var known) ? known : ends[block] = [];
                Assert.DoesNotContain(ranges, range => start < range.End && range.Start < start + bytes);
                ranges.Add((start, start + bytes));
            }
        }
    }

    [Fact]
    public void AStateOfPublishedModels_LosesLittleToTheEndsOfItsBlocks()
    {
        // Qwen3-Next-80B-A3B and Qwen3.5-0.8B with BF16 keys and values: the numbers of the architecture document.
        var large = new KvGeometry(
            new KvLayout([new KvGroup(KvGroupKind.FullAttention, [.. Enumerable.Range(36, 12)], 2, 256), KvGroup.OfStates([.. Enumerable.Range(0, 36)], new(32, 128, 128, 8192, 3))]), DType.BF16, 16);
        var small = new KvGeometry(
            new KvLayout([new KvGroup(KvGroupKind.FullAttention, [.. Enumerable.Range(18, 6)], 2, 256), KvGroup.OfStates([.. Enumerable.Range(0, 18)], new(16, 128, 128, 6144, 3))]), DType.BF16, 16);

        Assert.Equal((393_216, 201), (large.BytesPerBlock, large.StateBlocks));     // 75.4 MiB
        Assert.Equal((196_608, 103), (small.BytesPerBlock, small.StateBlocks));     // 19.3 MiB
    }

    [Fact]
    public void States_AreInOneGroup_WithLayersOfTheirOwn()
    {
        var state = new KvState(1, 2, 2, 4, 1);
        Assert.Contains("one is supported", Assert.Throws<ArgumentException>(() => new KvGeometry(new KvLayout([KvGroup.OfStates([0], state), KvGroup.OfStates([1], state)]), DType.F32, 16)).Message, StringComparison.Ordinal);
        Assert.Contains(
            "layer 0 is named twice",
            Assert.Throws<ArgumentException>(() => new KvGeometry(new KvLayout([new KvGroup(KvGroupKind.FullAttention, [0, 1], 1, 1), KvGroup.OfStates([0], state)]), DType.F32, 16)).Message,
            StringComparison.Ordinal);
    }

    private static KvLayout Layout(params int[][] groups) =>
        new([.. groups.Select(layers => new KvGroup(KvGroupKind.FullAttention, layers, KvHeads: 2, HeadSize: 8))]);
}
