using XLLM.NativeBackends.Ops;

namespace XLLM.NativeBackends.Tests;

public sealed class BeginStepTests
{
    [Theory]
    [MemberData(nameof(BackendVariants.All), MemberType = typeof(BackendVariants))]
    public void BeginStep_UsesTheSameMemoryAgain(string variant)
    {
        using var harness = new Harness(variant);
        harness.Ops.BeginStep();
        var first = harness.Ops.Integers([1, 2, 3]);
        harness.Ops.BeginStep();
        var second = harness.Ops.Integers([4, 5, 6]);

        Assert.Equal(first, second);
    }

    [Theory]
    [MemberData(nameof(BackendVariants.All), MemberType = typeof(BackendVariants))]
    public void Results_StayWhereTheyAre_WhenTheWorkspaceGrows(string variant)
    {
        using var harness = new Harness(variant);
        harness.Ops.BeginStep();
        var x = harness.Floats(Harness.Random(1, 300 * 100), 300);
        var weight = harness.Floats(Harness.Random(2, 100), 1);
        var results = Enumerable.Range(0, 40).Select(_ => harness.Ops.RmsNorm(x, weight, 1e-6f)).ToList();

        var first = harness.Read(results[0]);
        Assert.All(results, result => Compare.SameBits(first, harness.Read(result)));
        Assert.Equal(results.Count, results.Select(result => result.Data).Distinct().Count());
        Assert.All(results, result => Assert.Equal(0, result.Data % 64));
    }

    [Theory]
    [MemberData(nameof(BackendVariants.All), MemberType = typeof(BackendVariants))]
    public void AWarmStep_AllocatesNothingOnTheManagedHeap(string variant)
    {
        using var harness = new Harness(variant);
        var step = new AllOps(harness);
        for (var i = 0; i < 3; i++)
        {
            step.Run();
        }

        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 10; i++)
        {
            step.Run();
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    /// <summary>Every op once, on arguments made beforehand.</summary>
    private sealed class AllOps(Harness harness)
    {
        private static readonly int[] Tokens = [3, 1, 2];
        private static readonly int[] Starts = [0, 3];
        private static readonly int[] Contexts = [3];
        private static readonly int[] Slots = [4, 5, 6];
        private static readonly int[] Blocks = [1];
        private static readonly int[] Axes = [0, 1, 2, 0];
        private static readonly float[] Pixels = [1, 2, 3, 4];
        private static readonly float[] Weights = [1, 2, 3];

        private readonly Weight _table = harness.Weight(Harness.Random(1, 5 * 32), 5, WeightFormat.BF16);
        private readonly Weight _square = harness.Weight(Harness.Random(2, 32 * 32), 32, WeightFormat.F16);
        private readonly Tensor _norm = harness.Floats(Harness.Random(3, 32), 1);
        private readonly Tensor _headNorm = harness.Floats(Harness.Random(4, 8), 1);
        private readonly Tensor _kernels = harness.Floats(Harness.Random(6, 2 * 32), 2);
        private readonly Tensor _pair = harness.Floats(Harness.Random(7, 2), 1);
        private readonly RopeTable _rope = new(harness.Floats(Harness.Random(5, 4), 1), 1);
        private readonly ExpertWeights _experts = new(
            [harness.Weight(new float[16 * 32], 16), harness.Weight(new float[16 * 32], 16)],
            [harness.Weight(new float[16 * 32], 16), harness.Weight(new float[16 * 32], 16)],
            [harness.Weight(new float[32 * 16], 32), harness.Weight(new float[32 * 16], 32)]);
        private readonly KvLayer _index = new(harness.Place(new byte[2 * 4 * 8 * 4]), DType.F32, 4, 1, 8, 4 * 8 * 4, 0, 0);
        private readonly KvLayer _latent = new(harness.Place(new byte[2 * 4 * 8 * 4]), DType.F32, 4, 1, 8, 4 * 8 * 4, 0, 0);
        private readonly KvLayer _kv = new(harness.Place(new byte[2 * 4 * 4 * 8 * 4 * 2]), DType.F32, 4, 4, 8, 4 * 4 * 8 * 4 * 2, 0, 4 * 4 * 8 * 4);

        private static readonly int[] StateBlocks = [0, 1, 0, 1];
        private readonly StateLayer _state = new(harness.Place(new byte[2 * 2048]), 2048, 2, 8, 8, 32, 1, 2, 0, 8, 0, 16, 1);

        public void Run()
        {
            var ops = harness.Ops;
            ops.BeginStep();
            var ids = ops.Integers(Tokens);
            var x = ops.Embedding(ids, _table);
            var angles = ops.RopeAngles(ids, _rope);
            var q = ops.Linear(ops.RmsNorm(x, _norm, 1e-6f), _square, _norm);
            ops.RmsNormHeads(q, _headNorm, 1e-6f);
            ops.Rotate(q, angles, 8, RopePairing.Halves);
            var batch = new AttentionBatch(ops.Integers(Starts), ops.Integers(Contexts), ops.Integers(Blocks), ops.Integers(Slots));
            ops.Add(x, ops.PagedAttention(q, q, q, _kv, batch, new HeadLayout(4, 4, 8), 0.3f));
            ops.SiluMultiply(x, q);
            ops.Add(x, ops.Experts(x, ops.ChooseExperts(ops.SliceHeads(x, 32, 0, 2), null, new(1, ExpertScore.Softmax, 1, 1, ExpertGroupScore.Best, true, 1)), _experts));
            var absorbed = ops.JoinHeads(ops.SliceHeads(x, 8, 0, 4), ops.SliceHeads(x, 8, 4, 4), 4);
            var latent = ops.LayerNorm(ops.SliceHeads(x, 32, 0, 8), _headNorm, _headNorm, 1e-6f);
            var selection = ops.SelectPositions(absorbed, latent, ops.SliceHeads(x, 8, 0, 1), _index, batch, 2, 0.5f);
            var attended = ops.LatentAttention(absorbed, latent, _latent, batch, 8, 0.3f, selection);
            _ = ops.LinearHeads(ops.LinearHeads(attended, _square, new(1, 32, 0, 32), transposed: false), _square, new(1, 32, 0, 32), transposed: true);
            var states = batch with { BlockTables = ops.Integers(StateBlocks) };
            var convolved = ops.ShortConvolution(x, _kernels, _state, 0, states);
            var scalars = ops.SliceHeads(x, 32, 0, 2);
            ops.SigmoidMultiply(x, scalars);
            _ = ops.GatedDeltaRule(ops.SliceHeads(convolved, 32, 0, 8), ops.SliceHeads(convolved, 32, 8, 8), ops.SliceHeads(convolved, 32, 16, 16), new(scalars, scalars, _pair, _pair), _state, states);
            var mark = ops.Mark();
            var pixels = ops.Floats(Pixels, 2);
            ops.Gelu(pixels, GeluKind.Tanh);
            _ = ops.WeightedRows(_square, ops.Integers(Tokens, 3), ops.Floats(Weights, 3));
            _ = ops.RopeAnglesByAxis(ops.Integers(Slots, 3), ops.Integers(Axes), _rope);
            var seen = ops.SegmentAttention(q, q, q, ops.Integers(Starts), 4, 0.3f);
            ops.PutRows(x, ops.Integers(Blocks), seen.RowSlice(0, 1));
            ops.AddRows(x, ops.Integers(Blocks), seen.RowSlice(0, 1));
            ops.Release(mark);
            _ = ops.ReadRow(ops.Rows(x, ops.Integers(Blocks)), 0);
        }
    }
}
