using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging.Abstractions;
using XLLM.Grains.Interfaces.Generation;
using XLLM.Grains.Interfaces.Replicas;
using XLLM.Grains.Interfaces.Routing;
using XLLM.Grains.Ports;
using XLLM.NativeBackends.Ops;
using XLLM.Silo.Engine;
using XLLM.Silo.Execution;
using XLLM.Silo.KvCache;
using XLLM.Silo.Models;
using XLLM.Silo.Tests.Engine;
using XLLM.Silo.Tests.Models;
using XLLM.Silo.Transfer;
using XLLM.Silo.Transfer.Peers;

namespace XLLM.Silo.Tests.Transfer;

/// <summary>Two engines and a real connection between them.</summary>
public sealed class PeerTests : IDisposable
{
    private const string Secret = "a secret of the cluster";

    private readonly IBackend _backend = Backends.Open("reference");
    private readonly LoadedModel _model;

    public PeerTests() => _model = EngineSetup.LoadTiny(_backend);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => _backend.Dispose();

    [Fact]
    public async Task APrompt_IsFetchedFromThePoolOfAnotherEngine()
    {
        using var lender = Setup(null, null);
        await using var engine = lender.Start();
        var first = await Answer.ReadAsync(engine.Start(Prompt()), Cancel);
        await using var server = Server(lender.Tiers!);
        using var borrower = Setup(new OnePeer(server.Endpoint, 11), Secret);
        await using var other = borrower.Start();

        var again = await Answer.ReadAsync(other.Start(Prompt()), Cancel);

        Assert.Equal(44, again.End!.Usage.CachedTokens);
        Assert.Equal(first.Summary, again.Summary);
        var tiers = (await borrower.Tiers!.GetSnapshotAsync()).Tiers;
        Assert.Equal((11, 0), (tiers.Single(tier => tier.Name == "peers").Hits, tiers.Single(tier => tier.Name == "peers").Damaged));
    }

    /// <summary>Equality on and off: whoever is named or not, whatever that one has, the answer has the same bits.</summary>
    [Fact]
    public async Task TheReplicaThatRoutingNames_IsAskedFirst_AndIsCounted_WithTheSameAnswer()
    {
        using var lender = Setup(null, null);
        await using var engine = lender.Start();
        var first = await Answer.ReadAsync(engine.Start(Prompt()), Cancel);
        await using var server = Server(lender.Tiers!);
        using var empty = Setup(null, null);
        await using var idle = empty.Start();
        await using var emptyServer = Server(empty.Tiers!);
        var (named, unnamed) = (new ReplicaKey("tiny", "holder"), new ReplicaKey("tiny", "other"));

        // The table believes in an empty silo; routing knows better, though its events have not come here. Below LeastRemoteTokens nobody else would be asked.
        Assert.Equal((44, 11), await CopyAsync(new PrefixHolder(named, 44)));
        Assert.Equal((20, 5), await CopyAsync(new PrefixHolder(named, 20)));
        Assert.Equal((0, 0), await CopyAsync(null));
        Assert.Equal((0, 0), await CopyAsync(new PrefixHolder(unnamed, 44)));        // lends nothing: the table's own best is asked

        async Task<(int Cached, long Copied)> CopyAsync(PrefixHolder? from)
        {
            using var borrower = Setup(new OnePeer(emptyServer.Endpoint, 11) { Named = (named, server.Endpoint) }, Secret, leastRemoteTokens: 1000);
            await using var other = borrower.Start();
            var again = await Answer.ReadAsync(other.Start(Prompt() with { CopyFrom = from }), Cancel);
            Assert.Equal(first.Summary, again.Summary);
            return (again.End!.Usage.CachedTokens, (await borrower.Tiers!.GetSnapshotAsync()).Tiers.Single(tier => tier.Name == "peers").Copied);
        }
    }

    [Fact]
    public async Task WithoutTheSecret_NothingIsLent_AndThePromptIsComputed()
    {
        using var lender = Setup(null, null);
        await using var engine = lender.Start();
        var first = await Answer.ReadAsync(engine.Start(Prompt()), Cancel);
        await using var server = Server(lender.Tiers!);
        using var borrower = Setup(new OnePeer(server.Endpoint, 11), "another secret, as long");
        await using var other = borrower.Start();

        var again = await Answer.ReadAsync(other.Start(Prompt()), Cancel);

        Assert.Equal(0, again.End!.Usage.CachedTokens);
        Assert.Equal(first.Summary, again.Summary);
    }

    [Fact]
    public async Task APeerThatIsGone_OrHasLess_CostsTokens_NotAnswers()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var endpoint = listener.LocalEndpoint.ToString()!;
        listener.Stop();
        using var borrower = Setup(new OnePeer(endpoint, 11), Secret);
        await using var engine = borrower.Start();
        Assert.Equal(0, (await Answer.ReadAsync(engine.Start(Prompt()), Cancel)).End!.Usage.CachedTokens);

        using var empty = Setup(null, null);
        await using var idle = empty.Start();
        await using var server = Server(empty.Tiers!);
        using var hopeful = Setup(new OnePeer(server.Endpoint, 11), Secret);
        await using var last = hopeful.Start();
        Assert.Equal(0, (await Answer.ReadAsync(last.Start(Prompt()), Cancel)).End!.Usage.CachedTokens);
    }

    [Fact]
    public async Task AServer_RefusesStrangers_AndSurvivesNonsense()
    {
        using var lender = Setup(null, null);
        await using var engine = lender.Start();
        await Answer.ReadAsync(engine.Start(Prompt()), Cancel);
        await using var server = Server(lender.Tiers!);
        var random = new Random(1);
        for (var i = 0; i < 20; i++)
        {
            using var stranger = new TcpClient();
            await stranger.ConnectAsync(IPEndPoint.Parse(server.Endpoint), Cancel);
            var stream = stranger.GetStream();
            await stream.ReadExactlyAsync(new byte[40], Cancel);
            var nonsense = new byte[64];
            random.NextBytes(nonsense);
            await stream.WriteAsync(nonsense, Cancel);
            Assert.Equal(0, await ReadAllAsync(stream));
        }

        var packets = 0;
        await Fetch(server, LayoutOfTests, _ => ++packets > 0);
        Assert.Equal(11, packets);
        await Fetch(server, LayoutFingerprint.Of("another"), _ => ++packets > 0);
        Assert.Equal(11, packets);
    }

    [Fact]
    public async Task AChunkThatWasChanged_IsNoticed()
    {
        using var lender = Setup(null, null);
        await using var engine = lender.Start();
        await Answer.ReadAsync(engine.Start(Prompt()), Cancel);
        await using var server = Server(lender.Tiers!);
        using var relay = new TcpListener(IPAddress.Loopback, 0);
        relay.Start();
        var relaying = RelayAsync(relay, server.Endpoint, changeAt: 40 + 32 + 1000);

        var exception = await Assert.ThrowsAsync<InvalidDataException>(() => new PeerClient(Secret).FetchAsync(
            relay.LocalEndpoint.ToString()!, LayoutOfTests, Hashes(), 1, 1 << 20, _ => true, Cancel));
        Assert.Contains("damaged chunk", exception.Message, StringComparison.Ordinal);
        relay.Stop();
        await relaying;
    }

    private static LayoutFingerprint LayoutOfTests => LayoutFingerprint.Of("tiny");

    private static PrefixHash[] Hashes() => PrefixHash.Chain(PrefixHash.Root("tiny", null), Prompt().PromptTokens, 4)[..11];

    private static Task Fetch(PeerServer server, LayoutFingerprint layout, Func<ReadOnlyMemory<byte>, bool> take) =>
        new PeerClient(Secret).FetchAsync(server.Endpoint, layout, Hashes(), 1, 1 << 20, take, Cancel);

    private static PeerServer Server(KvTiers tiers) => new(
        IPAddress.Loopback, 0, Secret, layout => layout == tiers.Layout ? tiers : null, NullLogger<PeerServer>.Instance);

    private static GenerationRequest Prompt() => new()
    {
        RequestId = "p",
        Model = "tiny",
        PromptTokens = [.. Enumerable.Range(0, 48).Select(i => ((i * 7) + (i / 5)) % 50)],
        TopLogprobs = 2,
        Sampling = new SamplingParameters { Temperature = 0.8f, Seed = 7 },
        Stop = new StopParameters { MaxTokens = 12, IgnoreEndToken = true },
    };

    private static async Task<int> ReadAllAsync(NetworkStream stream)
    {
        try
        {
            return await stream.ReadAsync(new byte[16], Cancel);
        }
        catch (IOException)
        {
            return 0;       // closed with bytes unread is a reset
        }
    }

    /// <summary>Passes bytes on, and changes one on the way to the client.</summary>
    private static async Task RelayAsync(TcpListener relay, string endpoint, int changeAt)
    {
        try
        {
            using var client = await relay.AcceptTcpClientAsync(Cancel);
            using var server = new TcpClient();
            await server.ConnectAsync(IPEndPoint.Parse(endpoint), Cancel);
            var there = PassRequestsAsync(client, server);
            var buffer = new byte[4096];
            var passed = 0;
            int read;
            while ((read = await server.GetStream().ReadAsync(buffer, Cancel)) > 0)
            {
                if (passed <= changeAt && changeAt < passed + read)
                {
                    buffer[changeAt - passed] ^= 1;
                }

                passed += read;
                await client.GetStream().WriteAsync(buffer.AsMemory(0, read), Cancel);
            }

            await there;
        }
        catch (Exception exception) when (exception is IOException or SocketException or ObjectDisposedException)
        {
            // The client has hung up, as it should.
        }
    }

    /// <summary>Passes the client's bytes on; when it hangs up, so does the relay.</summary>
    private static async Task PassRequestsAsync(TcpClient client, TcpClient server)
    {
        try
        {
            await client.GetStream().CopyToAsync(server.GetStream(), Cancel);
        }
        catch (IOException)
        {
            // Hung up with bytes unread.
        }
        finally
        {
            server.Close();
        }
    }

    private EngineSetup Setup(IKvPeers? peers, string? secret, int leastRemoteTokens = 8)
    {
        var tiers = new KvTierOptions { HostBytes = 1 << 20, LeastRemoteTokens = leastRemoteTokens };
        return new EngineSetup(
            _model, _backend, PieceTokenizer.ForTinyModel(), EngineSetup.WideOptions(), 100, tiers: tiers, peers: peers, client: secret is null ? null : new PeerClient(secret));
    }

    private sealed class OnePeer(string endpoint, int blocks) : IKvPeers
    {
        /// <summary>A replica of whose blocks nothing is known yet.</summary>
        public (ReplicaKey Replica, string Endpoint)? Named { get; init; }

        public KvPeer? Find(ReadOnlySpan<PrefixHash> prefix) => new KvPeer(endpoint, Math.Min(blocks, prefix.Length));

        public KvPeer? Find(ReadOnlySpan<PrefixHash> prefix, ReplicaKey replica) => replica == Named?.Replica ? new KvPeer(Named.Value.Endpoint, 0) : null;
    }
}
